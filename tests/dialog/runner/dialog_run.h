// DialogRun: plays one dialog against a gateway of its own, in one mode.
#pragma once

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/dialog/runner/client.h"
#include "tests/dialog/runner/gateway.h"
#include "tests/dialog/runner/script.h"
#include "tests/dialog/runner/upstream_side.h"

namespace sekisho::dialog {

// The dialog went another way than its file says.
struct Mismatch : std::runtime_error {
  Mismatch(std::size_t at, const std::string& what) : std::runtime_error(what), line(at) {}
  std::size_t line;
};

class DialogRun {
 public:
  DialogRun(const Script& script, Mode mode);

  void play();  // throws Mismatch
  [[nodiscard]] std::string transcript() const;
  [[nodiscard]] std::string log() const { return gateway_.log(); }

 private:
  void play_step(const Step& step);
  void send(const Step& step);
  void flush();
  void expect(const Step& step);
  void begin(std::string_view words);
  void ask(const std::string& line, std::string_view wanted);
  void connect(const std::string& listener);
  std::string read_line();
  std::string read_reply();
  void write(std::string_view bytes);
  void check_message(const Step& step);
  void check_upstream_messages(const Step& step);
  void finish();
  Client& client();
  std::size_t messages();

  const Script& script_;
  Mode mode_;
  Gateway gateway_;
  std::vector<UpstreamSide> sides_;
  std::vector<std::unique_ptr<Client>> clients_;  // the last one speaks
  std::string unsent_;                            // pipelined: lines not yet written …
  std::deque<const Step*> expected_;              // … and the replies that wait for it
  std::vector<const Step*> log_lines_;            // looked for at the end
  std::size_t queued_ = 0;                        // replies that took a message over
  std::optional<std::size_t> wanted_messages_;
  std::string transcript_;
};

}  // namespace sekisho::dialog
