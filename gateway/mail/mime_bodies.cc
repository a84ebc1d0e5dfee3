// The half of MimeWalker that looks at bodies: which kind a part is of, what its bytes are wanted
// for, and the messages that stand in it in an encoded form.
#include <algorithm>
#include <array>
#include <utility>

#include "gateway/mail/mime_names.h"
#include "gateway/mail/mime_walker.h"

namespace sekisho::mail {
namespace {

constexpr std::size_t kMaxBoundary = 8000;  // RFC 2046 allows 70, but readers take what comes

bool is_multipart(std::string_view type) { return type.starts_with("multipart"); }

// Types of message/ whose content is no message (RFC 3464, 3798, 5337, 5965).
bool is_message(std::string_view type) {
  static constexpr std::array<std::string_view, 6> kReports{
      "delivery-status", "disposition-notification",        "feedback-report",
      "tracking-status", "global-disposition-notification", "global-delivery-status"};
  if (!type.starts_with("message/")) return false;
  return std::ranges::find(kReports, type.substr(8)) == kReports.end();
}

bool is_text(std::string_view type) { return type.starts_with("text/") || !type.contains('/'); }

bool is_uuencode(std::string_view encoding) {
  return encoding.contains("uuencode") || encoding == "uue" || encoding == "x-uue" ||
         encoding == "x-uu";
}

// A file that mail readers open as a message, whatever its type says.
bool is_message_file(const std::vector<std::string>& names) {
  std::vector<std::string> extensions;
  for (const std::string& name : names) add_extensions(extensions, name);
  return std::ranges::find(extensions, "eml") != extensions.end();
}

bool is_encoded(std::string_view encoding) {
  return transfer_encoding(encoding) != TransferEncoding::identity;
}

}  // namespace

void MimeWalker::classify(const MimeEntity& entity, Open& open) {
  open.multipart = std::ranges::any_of(entity.types, is_multipart);
  open.message = std::ranges::any_of(entity.types, is_message);
  open.default_type = open.multipart && entity.types.front() == "multipart/digest"
                          ? "message/rfc822"  // RFC 2046 section 5.1.5
                          : "text/plain";
  if (open.multipart) {
    open.boundaries = entity.boundaries;
    open.guess_boundary = entity.boundaries.empty();
    if (std::ranges::any_of(open.boundaries, [](auto& b) { return b.size() > kMaxBoundary; })) {
      budget_.incomplete("a boundary is longer than " + std::to_string(kMaxBoundary) + " bytes");
    }
  }
  // Both readings of such a body are tried: as it stands, and decoded.
  open.doubtful = std::ranges::any_of(entity.encodings, is_encoded) ||
                  std::ranges::find(entity.types, "message/partial") != entity.types.end();
  if (!open.message && is_message_file(entity.names)) open.message = open.doubtful = true;
  open.doubtful = open.doubtful && open.message;
}

// One entry for the standard's reading, one more for every other type and every other encoding.
void MimeWalker::report(const MimeEntity& entity, Open& open) {
  const auto add = [&](const std::string& type, const std::string& encoding) {
    const auto part = budget_.add({.type = type,
                                   .names = entity.names,
                                   .charset = entity.charset,
                                   .disposition = entity.disposition,
                                   .encoding = encoding,
                                   .magic = {},
                                   .depth = open.depth,
                                   .offset = reported(open.offset)});
    if (!part) return;
    open.parts.push_back(*part);
    keep_body(*part, open);
    if (is_multipart(type) || is_message(type)) return;
    open.sinks.push_back({.purpose = Sink::Purpose::magic,
                          .decoder = TransferDecoder(transfer_encoding(encoding)),
                          .part = *part});
  };
  for (const std::string& type : entity.types) add(type, entity.encodings.front());
  for (std::size_t i = 1; i < entity.encodings.size(); ++i) {
    add(entity.types.front(), entity.encodings[i]);
  }
}

// Each decoding of a body is kept once, for all entries that name it.
void MimeWalker::keep_body(std::size_t part, Open& open) {
  if (!budget_.keep_bodies) return;
  auto& parts = budget_.view.parts;
  const TransferEncoding encoding = transfer_encoding(parts[part].encoding);
  const bool container = is_multipart(parts[part].type) || is_message(parts[part].type);
  if (encoding == TransferEncoding::identity && (container || !fixed_offset_)) return;
  for (const std::size_t other : open.parts) {
    if (other != part && parts[other].body &&
        transfer_encoding(parts[other].encoding) == encoding) {
      parts[part].body = parts[other].body;
      return;
    }
  }
  parts[part].body = budget_.view.bodies.size();
  open.sinks.push_back({.purpose = Sink::Purpose::body,
                        .decoder = TransferDecoder(encoding),
                        .part = budget_.view.bodies.size()});
  budget_.view.bodies.emplace_back();
}

void MimeWalker::add_body_sinks(const MimeEntity& entity, Open& open) {
  const bool composite = open.multipart || open.message;
  const bool text = std::ranges::any_of(entity.types, is_text) ||
                    std::ranges::any_of(entity.encodings, is_uuencode);
  std::vector<TransferEncoding> seen;
  for (const std::string& name : entity.encodings) {
    const TransferEncoding encoding = transfer_encoding(name);
    if (std::ranges::find(seen, encoding) != seen.end()) continue;
    seen.push_back(encoding);
    if (composite && encoding != TransferEncoding::identity) {
      open.sinks.push_back(
          {.purpose = Sink::Purpose::message, .decoder = TransferDecoder(encoding)});
    }
    if (!text) continue;
    const auto found = [this, depth = open.depth + 1, offset = open.offset,
                        decoded = encoding != TransferEncoding::identity](const InlineFile& file) {
      MimePart part{.type = "application/octet-stream",
                    .names = {},
                    .disposition = "attachment",
                    .encoding = file.encoding,
                    .magic = file.magic,
                    .depth = depth,
                    .offset = reported(decoded ? offset : offset + file.offset),
                    .size = file.size};
      add_name_readings(part.names, file.name);
      budget_.add(std::move(part));
    };
    open.sinks.push_back({.purpose = Sink::Purpose::inline_files,
                          .decoder = TransferDecoder(encoding),
                          .files = std::make_unique<InlineFiles>(found)});
  }
}

void MimeWalker::feed_pending(Open& open) {
  for (Sink& sink : open.sinks) feed(sink, open.pending_eol);
}

void MimeWalker::feed_sinks(Open& open, const Line& line) {
  feed_pending(open);
  for (Sink& sink : open.sinks) feed(sink, line.text);
  open.pending_eol = line.eol.size() == 2 ? "\r\n" : line.eol.empty() ? "" : "\n";
  std::erase_if(open.sinks, [this](const Sink& sink) {
    if (sink.purpose != Sink::Purpose::magic || sink.bytes.size() < kMagicBytes) return false;
    budget_.view.parts[sink.part].magic = sink.bytes;
    return true;
  });
}

void MimeWalker::feed(Sink& sink, std::string_view bytes) {
  switch (sink.purpose) {
    case Sink::Purpose::magic:
      sink.decoder.feed(bytes, sink.bytes, kMagicBytes);
      return;
    case Sink::Purpose::message: {
      const std::size_t before = sink.bytes.size();
      const std::size_t room = MimeBudget::kMaxDecoded - budget_.decoded_bytes;
      sink.decoder.feed(bytes, sink.bytes, before + room);
      budget_.decoded_bytes += sink.bytes.size() - before;
      if (budget_.decoded_bytes == MimeBudget::kMaxDecoded) {
        budget_.incomplete("an encoded message is larger than " +
                           std::to_string(MimeBudget::kMaxDecoded) + " bytes");
      }
      return;
    }
    case Sink::Purpose::body: {
      std::string& body = budget_.view.bodies[sink.part];
      const std::size_t before = body.size();
      sink.decoder.feed(bytes, body, before + MimeBudget::kMaxBodies - budget_.body_bytes);
      budget_.body_bytes += body.size() - before;
      if (budget_.body_bytes == MimeBudget::kMaxBodies) {
        budget_.incomplete("the parts are larger than " + std::to_string(MimeBudget::kMaxBodies) +
                           " bytes");
      }
      return;
    }
    case Sink::Purpose::inline_files:
      if (sink.decoder.encoding() == TransferEncoding::identity) {
        sink.files->feed(bytes);
      } else {
        sink.bytes.clear();
        sink.decoder.feed(bytes, sink.bytes, std::string::npos);
        sink.files->feed(sink.bytes);
      }
      return;
  }
}

void MimeWalker::close(Open& open, std::uint64_t end) {
  for (const std::size_t part : open.parts) {
    budget_.view.parts[part].size = end - std::min(end, open.offset);
  }
  for (Sink& sink : open.sinks) {
    switch (sink.purpose) {
      case Sink::Purpose::magic:
        budget_.view.parts[sink.part].magic = sink.bytes;
        break;
      case Sink::Purpose::message: {
        const std::size_t size = sink.bytes.size();
        if (sink.decoder.changed()) walk_decoded(open, std::move(sink.bytes));
        budget_.decoded_bytes -= size;
        break;
      }
      case Sink::Purpose::inline_files:
        sink.files->finish();
        break;
      case Sink::Purpose::body:
        break;
    }
  }
}

MimeWalker::MimeWalker(MimeBudget& budget, const Open& enclosing, std::uint64_t fixed_offset)
    : budget_(budget),
      fixed_offset_(fixed_offset),
      base_depth_(enclosing.depth + 1),
      base_doubtful_(true) {
  if (enclosing.multipart) {
    open_.push_back({.multipart = true,
                     .doubtful = true,
                     .boundaries = enclosing.boundaries,
                     .guess_boundary = enclosing.guess_boundary,
                     .default_type = enclosing.default_type,
                     .depth = enclosing.depth});
  }
  if (enclosing.message) begin_entity();
}

void MimeWalker::walk_decoded(const Open& open, std::string content) {
  // Decoded content was never checked for bare CR, which some readers take for a line end.
  for (std::size_t at = content.find('\r'); at != std::string::npos;
       at = content.find('\r', at + 1)) {
    if (at + 1 < content.size() && content[at + 1] == '\n') continue;
    budget_.ambiguous = true;
    if (!budget_.lenient) break;
    content[at] = '\n';
  }
  const MimeView::Reader reader = [&content](std::uint64_t offset, std::size_t max,
                                             std::string& out) -> Result<void> {
    out.clear();
    if (offset < content.size()) out.assign(content, static_cast<std::size_t>(offset), max);
    return {};
  };
  LineSource source(reader);
  MimeWalker nested(budget_, open, reported(open.offset));
  [[maybe_unused]] const auto walked = nested.walk(source);  // a reader of memory doesn't fail
}

}  // namespace sekisho::mail
