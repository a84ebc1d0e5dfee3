// The part of the `attachments` filter that reads the message: a job of the inspect workers. Pure.
// What comes back is a worker's word, so whoever prints it encodes it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "gateway/mail/mime_view.h"
#include "gateway/worker/handlers.h"

namespace sekisho::filters {

inline constexpr worker::JobKind kAttachmentsJob{"attachments", worker::Pool::inspect};

struct AttachmentRules {
  std::set<std::string, std::less<>> extensions;  // lower case, no dot
  std::set<std::string, std::less<>> types;       // "a/b", or "a/" for a/*
  bool programs = true;
  bool operator==(const AttachmentRules&) const = default;
};

struct Offence {
  std::string kind;  // ".exe", "type a/b", "a program"
  std::string name;  // as the sender wrote it
  bool operator==(const Offence&) const = default;
};

// An offence that was found stands, however much is left unread.
struct AttachmentFindings {
  std::optional<Offence> offence;
  std::string unread;  // why not all parts could be read; empty: they could
  bool operator==(const AttachmentFindings&) const = default;
};

// The job's input and its result.
std::string encode(const AttachmentRules& rules, const mail::MimeLimits& limits);
Result<AttachmentFindings> decode_findings(std::string_view result);

// The handler.
Result<std::string> find_attachment(const worker::JobInput& job);

// Is the part, by its first bytes, a Windows, ELF or Mach-O program?
bool is_program(const mail::MimePart& part);

}  // namespace sekisho::filters
