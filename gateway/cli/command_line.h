// The command line of `sekisho`: options and subcommands, by CLI11. Runs the command that it names.
#pragma once

namespace sekisho::cli {

// Returns the exit code (exit_code.h). Prints usage errors and exceptions itself.
int run_command_line(int argc, const char* const* argv);

}  // namespace sekisho::cli
