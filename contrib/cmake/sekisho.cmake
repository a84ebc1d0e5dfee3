# Compiler settings and the two functions by which every target of the project is made.

set(SEKISHO_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast -Wcast-qual -Wformat=2
    -Wimplicit-fallthrough)

set(SEKISHO_HARDENING -fstack-protector-strong -fstack-clash-protection -fcf-protection)

add_library(sekisho_options INTERFACE)
target_include_directories(sekisho_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(sekisho_options INTERFACE ${SEKISHO_WARNINGS} -fno-omit-frame-pointer
                       $<$<BOOL:${SEKISHO_WERROR}>:-Werror>)
target_compile_definitions(sekisho_options INTERFACE SEKISHO_VERSION="${PROJECT_VERSION}")
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND NOT SEKISHO_SANITIZE)
  target_compile_options(sekisho_options INTERFACE ${SEKISHO_HARDENING})
  target_compile_definitions(sekisho_options INTERFACE _FORTIFY_SOURCE=3)
  target_link_options(sekisho_options INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
if(SEKISHO_SANITIZE)
  target_compile_options(sekisho_options INTERFACE -fsanitize=${SEKISHO_SANITIZE})
  target_link_options(sekisho_options INTERFACE -fsanitize=${SEKISHO_SANITIZE})
endif()

# Headers of others that most files read, parsed once for the libraries and once for the tests (which
# are built as -fPIE). A file must still include what it uses: builds without SEKISHO_PCH show it.
if(SEKISHO_PCH AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(SEKISHO_PCH OFF)
endif()
if(SEKISHO_PCH)
  set(common_headers <algorithm> <array> <atomic> <chrono> <coroutine> <deque> <expected> <filesystem>
      <fstream> <functional> <list> <map> <memory> <mutex> <optional> <set> <span> <sstream> <stdexcept>
      <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector> <fmt/chrono.h>
      <fmt/format.h>)
  # Without time stamps in it, ccache takes a header made again for the same.
  set(pch_options -Xclang -fno-pch-timestamp -fpch-instantiate-templates)
  if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
        ${CCACHE})
  endif()

  add_library(sekisho_pch OBJECT ${PROJECT_SOURCE_DIR}/contrib/cmake/precompiled.cc)
  target_link_libraries(sekisho_pch PRIVATE sekisho_options fmt::fmt)
  target_compile_options(sekisho_pch PRIVATE ${pch_options})
  target_precompile_headers(sekisho_pch PRIVATE ${common_headers})

  if(SEKISHO_TESTS)
    add_library(sekisho_test_pch OBJECT ${PROJECT_SOURCE_DIR}/contrib/cmake/precompiled.cc)
    set_target_properties(sekisho_test_pch PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_link_libraries(sekisho_test_pch PRIVATE sekisho_options fmt::fmt GTest::gmock)
    target_compile_options(sekisho_test_pch PRIVATE ${pch_options} -fPIE)
    target_precompile_headers(sekisho_test_pch PRIVATE ${common_headers} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endif()

function(sekisho_reuse_pch target from)
  if(SEKISHO_PCH)
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()

# sekisho_library(NAME FOLDER DEPS …): the sources directly in FOLDER and its subfolders that are
# not libraries of their own, main.cc apart.
function(sekisho_library name folder)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  if(folder STREQUAL "gateway")
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cc)
  else()
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cc)
  endif()
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(sources)
    add_library(sekisho_${name} STATIC ${sources})
    target_link_libraries(sekisho_${name} PUBLIC sekisho_options ${ARG_DEPS})
    sekisho_reuse_pch(sekisho_${name} sekisho_pch)
  else()
    add_library(sekisho_${name} INTERFACE)
    target_link_libraries(sekisho_${name} INTERFACE sekisho_options ${ARG_DEPS})
  endif()
endfunction()

# sekisho_unit_test(NAME DEPS …): one executable from tests/unit/NAME/*.cc.
function(sekisho_unit_test name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${name}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(unit_${name} ${sources})
  target_link_libraries(unit_${name} PRIVATE ${ARG_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  sekisho_reuse_pch(unit_${name} sekisho_test_pch)
  add_test(NAME unit_${name} COMMAND unit_${name})
endfunction()
