#include <algorithm>
#include <limits>
#include <map>

#include "rules/content/findings.h"
#include "rules/content/wire.h"

namespace sekisho::rules::content {
namespace {

constexpr std::uint64_t kVersion = 2;
// A byte on the wire may become a hundred in memory.
constexpr std::size_t kMaxThings = 500'000;

// One description of the bytes for both ways: `Coder` is a Writer or a Reader below, and what is
// const to the one is filled by the other.
template <class Coder, class F>
void code_findings(Coder& c, F& f) {
  c.number(f.size);
  c.maybe(f.subject);
  c.maybe(f.message_id);
  c.maybe(f.hash);
  c.maybe(f.date);
  for (auto* addresses : {&f.from, &f.to, &f.cc, &f.reply_to, &f.sender}) {
    c.each(*addresses, [&](auto& address) {
      c.text(address.address);
      c.text(address.domain);
      c.text(address.local);
      c.maybe(address.name);
      c.flag(address.misleading);
    });
  }
  c.each(f.headers, [&](auto& values) { c.texts(values); });
  c.each(f.fields, [&](auto& field) {
    c.text(field.name);
    c.text(field.value);
  });
  c.each(f.parts, [&](auto& part) {
    c.texts(part.names);
    c.texts(part.extensions);
    c.texts(part.kinds);
    c.texts(part.types);
    c.number(part.size);
    c.maybe(part.hash);
    c.flag(part.encrypted);
    c.flag(part.attachment);
  });
  c.each(f.urls, [&](auto& url) {
    c.text(url.url);
    c.text(url.scheme);
    c.maybe(url.domain);
    c.text(url.path);
    c.text(url.text);
    c.flag(url.misleading);
    c.flag(url.lookalike);
  });
  c.texts(f.cards);
  c.texts(f.ibans);
  for (auto* whole : {&f.text, &f.html, &f.source, &f.raw}) {
    c.flag(whole->there);
    c.maybe(whole->home);
  }
  c.each(f.answers, [&](auto& answers) {
    c.indices(answers.yes);
    c.indices(answers.failed);
  });
}

class Writer {
 public:
  void number(std::uint64_t value) { out_.number(value); }
  void flag(bool value) { out_.flag(value); }
  void text(const std::string& value) { out_.text(value); }
  template <class T>
  void maybe(const std::optional<T>& value) {
    flag(value.has_value());
    if constexpr (std::is_same_v<T, std::string>) {
      if (value) text(*value);
    } else {
      if (value) number(*value);
    }
  }
  template <class T, class Each>
  void each(const std::vector<T>& values, const Each& one) {
    number(values.size());
    for (const T& value : values) one(value);
  }
  void texts(const std::vector<std::string>& values) {
    each(values, [&](const std::string& value) { text(value); });
  }
  // What is between them: they are sorted.
  void indices(const std::vector<std::uint32_t>& values) {
    std::uint32_t next = 0;
    each(values, [&](std::uint32_t value) {
      number(value - next);
      next = value + 1;
    });
  }
  WireWriter& out() { return out_; }

 private:
  WireWriter out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : in_(bytes) {}

  void number(std::uint64_t& value) { value = in_.number(); }
  void flag(bool& value) { value = in_.flag(); }
  void text(std::string& value) { value = in_.text(); }
  template <class T>
  void maybe(std::optional<T>& value) {
    if (!in_.flag()) return;
    value.emplace();
    if constexpr (std::is_same_v<T, std::string>) {
      text(*value);
    } else {
      number(*value);
    }
  }
  template <class T, class Each>
  void each(std::vector<T>& values, const Each& one) {
    for (std::size_t left = in_.count(); left > 0 && in_.good(); --left) {
      if (++things_ > kMaxThings) return in_.spoil();
      one(values.emplace_back());
    }
  }
  void texts(std::vector<std::string>& values) {
    each(values, [&](std::string& value) { text(value); });
  }
  void indices(std::vector<std::uint32_t>& values) {
    std::uint64_t next = 0;
    each(values, [&](std::uint32_t& value) {
      const std::uint64_t gap = in_.number();
      if (gap >= std::numeric_limits<std::uint32_t>::max() - next) in_.spoil();
      value = static_cast<std::uint32_t>(next + gap);
      next += gap + 1;
    });
  }
  WireReader& in() { return in_; }

 private:
  WireReader in_;
  std::size_t things_ = 0;
};

// What the engine relies on: answers to all questions, about items that there are.
bool fits(const Findings& findings, const Plan& plan) {
  if (findings.headers.size() != plan.headers().size()) return false;
  if (findings.answers.size() != plan.atoms().size()) return false;
  if (findings.parts.size() > kMaxParts || findings.urls.size() > kMaxUrls) return false;
  for (const auto* addresses :
       {&findings.from, &findings.to, &findings.cc, &findings.reply_to, &findings.sender})
    if (addresses->size() > kMaxAddresses) return false;
  std::map<Target, std::size_t> counted;
  for (std::size_t i = 0; i < findings.answers.size(); ++i) {
    const Target& target = plan.atoms()[i].target;
    const auto [count, fresh] = counted.try_emplace(target, 0);
    if (fresh) count->second = items_of(findings, target);
    const std::size_t items = count->second;
    const Answers& answers = findings.answers[i];
    if (!answers.yes.empty() && answers.yes.back() >= items) return false;
    if (!answers.failed.empty() && answers.failed.back() >= items) return false;
  }
  const auto& kinds = words_of(Type::part_kind);
  return std::ranges::all_of(findings.parts, [&](const Part& part) {
    return std::ranges::all_of(part.kinds, [&](const std::string& kind) {
      return std::ranges::find(kinds, kind) != kinds.end();
    });
  });
}

}  // namespace

Result<std::string> encode(const Findings& findings) {
  Writer writer;
  writer.number(kVersion);
  code_findings(writer, findings);
  if (writer.out().size() > kMaxFindings)
    return fail(ErrorKind::limit, "the rules ask for more of the message than can be kept");
  return writer.out().take();
}

Result<Findings> decode_findings(std::string_view bytes, const Plan& plan) {
  const auto bad = [] {
    return fail(ErrorKind::protocol, "what the inspect worker found can't be read");
  };
  if (bytes.size() > kMaxFindings) return bad();
  Reader reader(bytes);
  if (reader.in().number() != kVersion) return bad();
  Findings findings;
  code_findings(reader, findings);
  if (!reader.in().done() || !fits(findings, plan)) return bad();
  return findings;
}

}  // namespace sekisho::rules::content
