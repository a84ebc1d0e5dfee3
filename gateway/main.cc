#include "gateway/cli/command_line.h"

int main(int argc, char** argv) { return sekisho::cli::run_command_line(argc, argv); }
