// MimeView: the parts of a message (RFC 2045, 2046, 2231), found by a bounded pass over its bytes.
// Made for policy, so it reads as an attacker's victim might: every plausible reading of a part's
// name is kept, parts hidden in message/rfc822, in base64-encoded messages and in uuencoded text
// are walked too, and where readers disagree about the structure a second, lenient pass adds what
// it finds. A part whose type or encoding has several readings is listed once for each of them.
// Bounded in depth, parts, header bytes and time; what is over a bound makes the view incomplete,
// and filters treat an incomplete view as a failure, never as "nothing found". Pure; runs on an
// Offload thread because a large message takes longer than a loop may stand still.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/base/settings_visitor.h"
#include "gateway/base/time.h"

namespace sekisho::mail {

inline constexpr std::size_t kMagicBytes = 16;

struct MimeLimits {
  std::int64_t max_depth = 32;
  std::int64_t max_parts = 1000;
  Bytes max_part_header{64UL * 1024};
  std::chrono::milliseconds max_time{2000};

  void visit(SettingsVisitor& v);
};

struct MimePart {
  std::string type;                // "application/pdf", lower case; "text/plain" when absent
  std::vector<std::string> names;  // every reading: filename, name, RFC 2231 plain, continued and
                                   // encoded, RFC 2047 decoded; UTF-8 where the charset is known
  std::string charset{};           // of the standard's reading, lower case; empty when absent
  std::string disposition;         // "attachment", "inline", lower case; empty when absent
  std::string encoding;            // content-transfer-encoding, lower case
  std::string magic;               // the decoded content's first bytes (up to kMagicBytes)
  int depth = 0;
  std::uint64_t offset = 0;  // of the body, in the message; of the enclosing part's when decoded
  std::uint64_t size = 0;    // of the body as transferred
  // In MimeView::bodies; none where the body is those bytes of the message as they stand, where it
  // was not asked for, and for containers that are not encoded.
  std::optional<std::size_t> body{};

  // "exe" for "invoice.pdf.exe", "invoice.exe . ", "INVOICE.EXE"; every reading, without repeats.
  [[nodiscard]] std::vector<std::string> extensions() const;
  bool operator==(const MimePart&) const = default;
};

struct MimeView {
  std::vector<MimePart> parts;  // leaves and containers, in order; then the lenient pass's
  bool complete = true;
  std::string incomplete_reason;    // the first one
  std::vector<std::string> bodies;  // of parts, decoded

  // `read(offset, max, out)` gives up to max bytes at offset, empty at the end.
  using Reader = std::function<Result<void>(std::uint64_t, std::size_t, std::string&)>;
  enum class Bodies : bool { leave, keep };
  static Result<MimeView> parse(const Reader& read, const MimeLimits& limits,
                                Bodies bodies = Bodies::leave);
  static MimeView parse_text(std::string_view message, const MimeLimits& limits,
                             Bodies bodies = Bodies::leave);  // from memory
};

}  // namespace sekisho::mail
