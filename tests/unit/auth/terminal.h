// PipedInput: standard input that is no terminal. Terminal: runs a function in a child process
// whose controlling terminal is ours, to type into and to look at.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace sekisho::test {

class PipedInput {
 public:
  explicit PipedInput(std::string_view content);
  ~PipedInput();
  PipedInput(const PipedInput&) = delete;
  PipedInput& operator=(const PipedInput&) = delete;

 private:
  int former_;
};

class Terminal {
 public:
  explicit Terminal(const std::function<int()>& program);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Waits until the program has written `text`; a test failure when it ends before.
  void expect(std::string_view text);
  void type(std::string_view keys) const;
  void signal(int number) const;
  [[nodiscard]] bool echoes() const;
  // The exit code, or 128 + the signal that ended the program, as shells count.
  int wait();
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  bool read_more();

  int master_ = -1;
  int terminal_ = -1;  // kept open, so that its settings can be looked at after the program ended
  pid_t child_ = -1;
  std::string shown_;
};

}  // namespace sekisho::test
