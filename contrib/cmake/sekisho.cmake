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
  add_test(NAME unit_${name} COMMAND unit_${name})
endfunction()
