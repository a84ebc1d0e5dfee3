#include "rules/match/hyperscan.h"

#include <utility>

#ifdef SEKISHO_HYPERSCAN
#include <algorithm>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>
#include <hs.h>

#include "rules/match/matcher.h"
#include "rules/match/scratch_parts.h"
#endif

namespace sekisho::rules::match {
namespace {

std::vector<std::uint32_t> without_form(const HyperscanDatabase& database) {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < database.forms().size(); ++i) {
    if (database.forms()[i] == HyperscanDatabase::Form::none) numbers.push_back(i);
  }
  return numbers;
}

}  // namespace

HyperscanFilter::HyperscanFilter(HyperscanDatabase database, std::span<const Regex* const> regexes)
    : database_(std::move(database)), others_(regexes, without_form(database_)) {}

bool HyperscanFilter::propose(std::string_view text, Scratch& scratch,
                              Candidates& candidates) const {
  return others_.propose(text, scratch, candidates) && database_.scan(text, scratch, candidates);
}

#ifdef SEKISHO_HYPERSCAN
namespace {

using Form = HyperscanDatabase::Form;

// Patterns that the library refuses only once all are compiled: each costs another compilation.
constexpr int kMaxRefusals = 20;

std::unexpected<Error> refused(std::string_view what, hs_error_t error) {
  return fail(ErrorKind::unavailable, fmt::format("Hyperscan can't {}: error {}", what, error));
}

std::string expression_of(const Regex& regex) {
  return (regex.has('x') ? "(?x)" : "") + regex.pattern();
}

unsigned flags_of(const Regex& regex, Form form) {
  unsigned flags = HS_FLAG_SINGLEMATCH;
  if (regex.has('i')) flags |= HS_FLAG_CASELESS;
  if (regex.has('s')) flags |= HS_FLAG_DOTALL;
  if (regex.has('m')) flags |= HS_FLAG_MULTILINE;
  if (form == Form::wider) flags |= HS_FLAG_PREFILTER;
  return flags;
}

Form wider(Form form) { return form == Form::exact ? Form::wider : Form::none; }

bool takes(const Regex& regex, Form form) {
  hs_expr_info_t* info = nullptr;
  hs_compile_error_t* error = nullptr;
  const bool taken = hs_expression_info(expression_of(regex).c_str(), flags_of(regex, form), &info,
                                        &error) == HS_SUCCESS;
  std::free(info);
  hs_free_compile_error(error);
  return taken;
}

// In which form a pattern is offered. What matches no text at all matches any: nothing is gained.
// Nor by back references, which the wider form reads as ".*": one such pattern costs more than a
// thousand others.
Form form_of(const Regex& regex) {
  if (regex.pattern().find('\0') != std::string::npos || may_be_empty(regex) ||
      refers_back(regex)) {
    return Form::none;
  }
  Form form = Form::exact;
  while (form != Form::none && !takes(regex, form)) form = wider(form);
  return form;
}

std::shared_ptr<hs_database> held(hs_database_t* database) {
  return {database, [](hs_database_t* one) { hs_free_database(one); }};
}

void release(void* scratch) { hs_free_scratch(static_cast<hs_scratch_t*>(scratch)); }

// Large enough for the database; null: there is no memory.
hs_scratch_t* scratch_for(const hs_database_t* database, Scratch& scratch) {
  auto& kept = scratch.parts().hyperscan;
  auto* memory = static_cast<hs_scratch_t*>(kept.release());
  const hs_error_t error = hs_alloc_scratch(database, &memory);
  kept = {memory, release};
  return error == HS_SUCCESS ? memory : nullptr;
}

}  // namespace

Result<void> HyperscanDatabase::available() {
  const hs_error_t error = hs_valid_platform();
  if (error != HS_SUCCESS) return refused("use this processor", error);
  return {};
}

std::string HyperscanDatabase::identity() {
  hs_platform_info_t platform{};
  hs_populate_platform(&platform);
  return fmt::format("{} tune {} features {:x}", hs_version(), platform.tune,
                     platform.cpu_features);
}

Result<HyperscanDatabase> HyperscanDatabase::compile(std::span<const Regex* const> regexes) {
  if (auto can = available(); !can) return std::unexpected(std::move(can.error()));
  HyperscanDatabase made;
  for (const Regex* regex : regexes) made.forms_.push_back(form_of(*regex));
  for (int refusals = 0; refusals <= kMaxRefusals; ++refusals) {
    std::vector<std::string> texts;
    std::vector<unsigned> flags;
    std::vector<unsigned> numbers;
    for (unsigned i = 0; i < regexes.size(); ++i) {
      if (made.forms_[i] == Form::none) continue;
      texts.push_back(expression_of(*regexes[i]));
      flags.push_back(flags_of(*regexes[i], made.forms_[i]));
      numbers.push_back(i);
    }
    if (numbers.empty())
      return fail(ErrorKind::unavailable, "Hyperscan takes none of the patterns");
    std::vector<const char*> expressions;
    for (const auto& text : texts) expressions.push_back(text.c_str());
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    const hs_error_t result = hs_compile_multi(expressions.data(), flags.data(), numbers.data(),
                                               static_cast<unsigned>(numbers.size()), HS_MODE_BLOCK,
                                               nullptr, &database, &error);
    if (result == HS_SUCCESS) {
      made.held_ = held(database);
      return made;
    }
    const int at = error == nullptr ? -1 : error->expression;
    const std::string why = error == nullptr ? "" : error->message;
    hs_free_compile_error(error);
    if (at < 0) return fail(ErrorKind::unavailable, "Hyperscan can't compile the patterns: " + why);
    auto& form = made.forms_[numbers[static_cast<std::size_t>(at)]];
    form = wider(form);
  }
  return fail(ErrorKind::unavailable, "Hyperscan refuses too many of the patterns");
}

Result<HyperscanDatabase> HyperscanDatabase::load(std::string_view bytes, std::size_t patterns) {
  if (auto can = available(); !can) return std::unexpected(std::move(can.error()));
  if (bytes.size() <= patterns) return fail(ErrorKind::invalid, "a database is cut short");
  HyperscanDatabase loaded;
  for (const char form : bytes.substr(0, patterns)) {
    if (std::string_view("ewn").find(form) == std::string_view::npos) {
      return fail(ErrorKind::invalid, "a database has unknown forms of patterns");
    }
    loaded.forms_.push_back(static_cast<Form>(form));
  }
  hs_database_t* database = nullptr;
  const hs_error_t error =
      hs_deserialize_database(bytes.data() + patterns, bytes.size() - patterns, &database);
  if (error != HS_SUCCESS) return refused("load its database", error);
  loaded.held_ = held(database);
  return loaded;
}

Result<std::string> HyperscanDatabase::serialized() const {
  char* bytes = nullptr;
  std::size_t size = 0;
  const hs_error_t error = hs_serialize_database(held_.get(), &bytes, &size);
  if (error != HS_SUCCESS) return refused("write its database", error);
  std::string all;
  for (const Form form : forms_) all += static_cast<char>(form);
  all.append(bytes, size);
  std::free(bytes);
  return all;
}

bool HyperscanDatabase::scan(std::string_view text, Scratch& scratch,
                             Candidates& candidates) const {
  if (text.size() > std::numeric_limits<unsigned>::max()) return false;
  hs_scratch_t* memory = scratch_for(held_.get(), scratch);
  if (memory == nullptr) return false;
  const auto found = [](unsigned number, unsigned long long, unsigned long long, unsigned,
                        void* context) {
    static_cast<Candidates*>(context)->add(number);
    return 0;
  };
  return hs_scan(held_.get(), text.data() == nullptr ? "" : text.data(),
                 static_cast<unsigned>(text.size()), 0, memory, found, &candidates) == HS_SUCCESS;
}

#else

Result<void> HyperscanDatabase::available() {
  return fail(ErrorKind::unavailable, "this program was built without Hyperscan");
}
std::string HyperscanDatabase::identity() { return "none"; }
Result<HyperscanDatabase> HyperscanDatabase::compile(std::span<const Regex* const> /*regexes*/) {
  return std::unexpected(available().error());
}
Result<HyperscanDatabase> HyperscanDatabase::load(std::string_view /*bytes*/,
                                                  std::size_t /*patterns*/) {
  return std::unexpected(available().error());
}
Result<std::string> HyperscanDatabase::serialized() const {
  return std::unexpected(available().error());
}
bool HyperscanDatabase::scan(std::string_view /*text*/, Scratch& /*scratch*/,
                             Candidates& /*candidates*/) const {
  return false;
}

#endif

}  // namespace sekisho::rules::match
