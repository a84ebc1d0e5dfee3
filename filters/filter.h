// The filter interface. A Filter is the configured half, const and shared by all threads; for each
// connection it opens a FilterSession, which sees that connection's stages on one thread.
// To write one, copy example.h/.cc and add a line to catalog.cc.
#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "filters/ending.h"
#include "filters/errands.h"
#include "gateway/async/loop.h"
#include "gateway/async/offload.h"
#include "gateway/base/log.h"
#include "gateway/base/metrics.h"
#include "gateway/dns/resolver.h"
#include "gateway/mail/added_text.h"
#include "gateway/mail/authentication.h"
#include "gateway/mail/envelope.h"
#include "gateway/mail/headers.h"
#include "gateway/mail/message.h"
#include "gateway/smtp/reply.h"
#include "gateway/worker/setup.h"
#include "gateway/worker/workers.h"

namespace sekisho::filters {

// `sign` is after `end`, when no filter has refused and all edits are made: what is signed then is
// what goes up.
enum class Stage : std::uint8_t { connect, helo, auth, mail, rcpt, headers, end, sign };
inline constexpr std::size_t kStages = 8;
std::string_view to_string(Stage stage);

class StageSet {
 public:
  StageSet(std::initializer_list<Stage> stages) {
    for (const Stage stage : stages) bits_.set(static_cast<std::size_t>(stage));
  }
  void add(Stage stage) { bits_.set(static_cast<std::size_t>(stage)); }
  [[nodiscard]] bool has(Stage stage) const { return bits_.test(static_cast<std::size_t>(stage)); }

 private:
  std::bitset<kStages> bits_;
};

// One filter's decision at one stage. `why` is for the log and the trace, never for the client.
class Verdict {
 public:
  enum class Kind : std::uint8_t { pass, accept, defer, reject, quarantine, discard, disconnect };

  static Verdict pass();
  static Verdict accept(std::string_view why);  // skip the remaining filters of this stage
  // The reply must be a 4xx and a 5xx respectively, its enhanced code of the same class: anything
  // else is a bug of the filter and throws std::logic_error.
  static Verdict defer(smtp::Reply reply, std::string_view why);
  static Verdict reject(smtp::Reply reply, std::string_view why);
  // Marks the message (X-Sekisho-Quarantine) and lets it go on: where the mark leads to, the
  // upstream decides, since the gateway keeps no mail.
  static Verdict quarantine(std::string_view why);
  // At `end` alone: drops the message and tells the client that it was taken. Of a filter that
  // may_discard(); of any other, and at any other stage, it is a failure of the filter.
  static Verdict discard(std::string_view why);
  // The reply, then we close. 421 (RFC 5321 section 3.8), 521 or 554 (RFC 7504, RFC 5321 section
  // 3.1).
  static Verdict disconnect(smtp::Reply reply, std::string_view why);

  [[nodiscard]] Kind kind() const { return kind_; }
  // Has a reply for the client.
  [[nodiscard]] bool refuses() const {
    return kind_ == Kind::defer || kind_ == Kind::reject || kind_ == Kind::disconnect;
  }
  [[nodiscard]] const smtp::Reply& reply() const { return reply_; }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  Verdict(Kind kind, smtp::Reply reply, std::string_view why)
      : kind_(kind), reply_(std::move(reply)), why_(why) {}
  Kind kind_;
  smtp::Reply reply_;
  std::string why_;
};

std::string_view to_string(Verdict::Kind kind);  // "pass", "reject" …

// How a filter says that it can't judge: a look-up failed, the message is too tangled to be read.
// The chain turns it into what the filter's on_error says. `what` is for the log, never the client.
class CheckFailed : public std::runtime_error {
 public:
  explicit CheckFailed(const Error& error) : std::runtime_error(error.text), kind_(error.kind) {}
  [[nodiscard]] ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// What a filter may ask of the trace field (Received) that the session writes.
struct Trace {
  bool hide_client = false;  // mail::ReceivedOptions::hide_client
};

// What a filter wants besides its verdict.
struct Wishes {
  static constexpr std::chrono::minutes kMaxDelay{2};

  // The configured upstream that alone is to have it: at `mail` every recipient of the message, at
  // `rcpt` the one in question. Says where, never whether: the relay gate has decided that.
  std::string route;
  std::chrono::milliseconds delay{};  // before we answer; kMaxDelay at most, cut with the session
  std::vector<mail::AddedText> texts{};  // at `end`: each outside of those before it
};

// The message as it goes up, at `sign`: nothing of it is edited any more, fields only come on top.
struct Outgoing {
  std::string header_section;      // with every edit, without our own Received
  bool sender_is_foreign = false;  // the user who logged in does not own an address in From
  // Whole fields with their CRLF, each above the one before it and all above our Received. Those of
  // a failed or observed check are dropped.
  std::vector<std::string> on_top;
};

// What a filter sees. Valid during check() only.
struct View {
  const mail::Peer& peer;
  const mail::Envelope& envelope;  // the recipient in question is not yet in it at `rcpt`
  const smtp::Mailbox* recipient;  // at `rcpt`; else null
  const mail::Message* message;    // at `headers` (body not yet there), `end`, `sign`; else null
  mail::HeaderEdits& edits;        // applied once, after `end`
  Trace& trace;                    // as is this
  Wishes& wishes;
  // What was found out about the sender, for the filters behind this one: facts, which stay
  // whatever becomes of the check and its verdict. Empty before `mail`.
  mail::Authentication& authentication;
  WallTime now;
  // When the check's waits will be cut; a filter with a better answer than that gives it before.
  Deadline deadline = Deadline::never();
  Outgoing* outgoing = nullptr;  // at `sign`; else null
};

class FilterSession {
 public:
  virtual ~FilterSession() = default;
  // Must not block the loop; may await. An exception is a failure of the filter (on_error); header
  // edits of a failed check are undone.
  virtual Task<Verdict> check(Stage stage, View& view) = 0;
  // What became of the transaction that `mail` began, once for each: after the upstream's answer, a
  // refusal, RSET or the end of the session. For what counts or judges afterwards; can't fail, must
  // not wait.
  virtual void ended(const mail::Envelope& envelope, const Ending& ending);
};

// What a FilterSession may keep a reference to; outlives it. `cancel` is of this FilterSession
// alone: it fires when the filter overruns its deadline (the FilterSession is then closed and a new
// one opened for the next stage) and when the session ends. Every wait must use it.
struct SessionContext {
  Loop& loop;
  Offload& offload;
  dns::Resolver& resolver;
  worker::Workers& workers;
  Log& log;
  Metrics& metrics;
  std::string_view hostname;     // our own
  std::string_view authserv_id;  // our name in Authentication-Results (RFC 8601 section 2.5)
  CancelSource& cancel;
  Errands* errands = nullptr;  // null: the filter is only observed, or nobody runs any
};

class Filter {
 public:
  virtual ~Filter() = default;
  [[nodiscard]] virtual StageSet stages() const = 0;
  // Does it find out about the sender, so that we answer for the Authentication-Results?
  [[nodiscard]] virtual bool authenticates() const { return false; }
  // Does its configuration say that it may drop messages and say 250?
  [[nodiscard]] virtual bool may_discard() const { return false; }
  // The filters of the catalog whose findings its configuration asks for: they stand before it.
  [[nodiscard]] virtual std::vector<std::string_view> judges_by() const { return {}; }
  // Looks whether a file that it reads has changed, and takes its new content where it is right.
  // Waits for the disk. The names of what is new, or why the old content stays.
  [[nodiscard]] virtual Result<std::vector<std::string>> reload_changed_files() const {
    return std::vector<std::string>();
  }
  // Does its ended() ask for the answers to each recipient?
  [[nodiscard]] virtual bool wants_answers() const { return false; }
  // What the worker processes of a pool are to hold for it before they have a job: the signer
  // private keys (and nobody else), the inspect processes what is costly to make.
  [[nodiscard]] virtual std::vector<worker::SetupItem> worker_setup(worker::Pool) const {
    return {};
  }
  [[nodiscard]] virtual std::unique_ptr<FilterSession> open(
      const SessionContext& context) const = 0;
};

}  // namespace sekisho::filters
