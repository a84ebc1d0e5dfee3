// Errands: what filters may set going beside their verdicts. No call waits or fails: what can't be
// done is logged and counted by whoever does it. Any thread. Owned by the Server.
#pragma once

#include <chrono>
#include <string>

namespace sekisho::filters {

// A short mail to somebody of ours.
struct Notice {
  std::string to;       // an address of the configuration
  std::string subject;  // texts: any bytes
  std::string text;
  std::string id;  // of the mail or session that it is about, for the log
};

struct Suspension {
  enum class Of : std::uint8_t { user, client, network };
  Of of = Of::user;
  std::string whom;  // the user as he logs in; an address; a network
  std::chrono::milliseconds time{};
  std::string why;  // for the log
  std::string id;
};

class Errands {
 public:
  virtual ~Errands() = default;
  virtual void notify(Notice notice) = 0;
  virtual void suspend(Suspension suspension) = 0;
};

}  // namespace sekisho::filters
