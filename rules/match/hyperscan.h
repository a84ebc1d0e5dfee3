// Hyperscan's database of many patterns, as an accelerator. A pattern that it can't express is
// given to it in a wider form (prefilter mode), or not at all and left to the literals; so is what
// it reads otherwise than PCRE2. Compiling blocks, a millisecond a pattern: never on a loop.
// Without the library, or on a processor that it can't use, nothing here works and says so.
// Immutable; any thread with a Scratch of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "rules/match/accelerator.h"
#include "rules/match/literal_filter.h"

struct hs_database;

namespace sekisho::rules::match {

class HyperscanDatabase {
 public:
  enum class Form : char { exact = 'e', wider = 'w', none = 'n' };

  // Of this program and this machine.
  [[nodiscard]] static Result<void> available();
  // The library's version and the processor: a database is good for these only.
  [[nodiscard]] static std::string identity();

  static Result<HyperscanDatabase> compile(std::span<const Regex* const> regexes);
  // What serialized() made. The bytes must be trusted.
  static Result<HyperscanDatabase> load(std::string_view bytes, std::size_t patterns);
  [[nodiscard]] Result<std::string> serialized() const;

  // Of each pattern.
  [[nodiscard]] const std::vector<Form>& forms() const { return forms_; }
  // Names what may match, of the patterns it has. False: it could not.
  [[nodiscard]] bool scan(std::string_view text, Scratch& scratch, Candidates& candidates) const;

 private:
  HyperscanDatabase() = default;
  std::shared_ptr<hs_database> held_;
  std::vector<Form> forms_;
};

class HyperscanFilter : public Accelerator {
 public:
  HyperscanFilter(HyperscanDatabase database, std::span<const Regex* const> regexes);

  [[nodiscard]] AcceleratorKind kind() const override { return AcceleratorKind::hyperscan; }
  [[nodiscard]] bool propose(std::string_view text, Scratch& scratch,
                             Candidates& candidates) const override;
  [[nodiscard]] const HyperscanDatabase& database() const { return database_; }

 private:
  HyperscanDatabase database_;
  LiteralFilter others_;
};

}  // namespace sekisho::rules::match
