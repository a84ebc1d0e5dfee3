// One test for each dialog file and mode.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/dialog/runner/dialog_run.h"

namespace sekisho::dialog {
namespace {

struct Case {
  std::filesystem::path file;
  Mode mode;
  std::string mistake;  // the file can't be read
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
  return info.param.file.stem().string() + "__" + std::string(to_string(info.param.mode));
}

// Also by file name in the output of a failed test.
void PrintTo(const Case& one, std::ostream* out) { *out << one.file.filename().string(); }

std::vector<Case> all_cases() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SEKISHO_DIALOGS))
    if (entry.path().extension() == ".smtp") files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<Case> cases;
  for (const auto& file : files) {
    try {
      for (const Mode mode : read_script(file).modes) cases.push_back({file, mode, {}});
    } catch (const ScriptError& error) {
      cases.push_back({file, Mode::lines, error.what()});
    }
  }
  return cases;
}

class Dialog : public testing::TestWithParam<Case> {};

TEST_P(Dialog, GoesAsWritten) {
  const Case& one = GetParam();
  ASSERT_TRUE(one.mistake.empty()) << one.mistake;
  const Script script = read_script(one.file);
  DialogRun run(script, one.mode);
  try {
    run.play();
  } catch (const Mismatch& mismatch) {
    ADD_FAILURE_AT(one.file.c_str(), static_cast<int>(mismatch.line))
        << one.file.string() << ":" << mismatch.line << ":\n"
        << mismatch.what() << "\n--- transcript\n"
        << run.transcript() << "--- log\n"
        << run.log();
  }
}

INSTANTIATE_TEST_SUITE_P(All, Dialog, testing::ValuesIn(all_cases()), name_of);

}  // namespace
}  // namespace sekisho::dialog
