#include "rules/check/regex_shape.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"

namespace sekisho::rules {
namespace {

using Kind = Shape::Kind;
constexpr int kMaxDepth = 40;
constexpr std::size_t kMaxSample = 256;

class Reader {
 public:
  Reader(std::string_view pattern, bool extended) : text_(pattern), extended_(extended) {}

  Shape choice(int depth) {
    Shape all;
    all.kind = Kind::choice;
    all.children.push_back(sequence(depth));
    while (at_ < text_.size() && text_[at_] == '|') {
      ++at_;
      all.children.push_back(sequence(depth));
    }
    if (all.children.size() == 1) return std::move(all.children[0]);
    return all;
  }

 private:
  Shape sequence(int depth) {
    Shape all;
    all.kind = Kind::sequence;
    while (at_ < text_.size() && text_[at_] != '|' && text_[at_] != ')') {
      if (extended_ && skip_blank()) continue;
      all.children.push_back(quantified(atom(depth)));
    }
    return all;
  }

  bool skip_blank() {
    if (std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos) return ++at_, true;
    if (text_[at_] != '#') return false;
    at_ = std::min(text_.find('\n', at_), text_.size());
    return true;
  }

  Shape quantified(Shape one) {
    while (at_ < text_.size()) {
      std::uint32_t min = 0;
      bool unbounded = false;
      const char c = text_[at_];
      if (c == '*' || c == '+' || c == '?') {
        min = c == '+' ? 1 : 0;
        unbounded = c != '?';
        ++at_;
      } else if (c != '{' || !counted(min, unbounded)) {
        break;
      }
      if (at_ < text_.size() && (text_[at_] == '?' || text_[at_] == '+')) ++at_;
      Shape repeat;
      repeat.kind = Kind::repeat;
      repeat.min = min;
      repeat.unbounded = unbounded;
      repeat.children.push_back(std::move(one));
      one = std::move(repeat);
    }
    return one;
  }

  bool counted(std::uint32_t& min, bool& unbounded) {
    const auto close = text_.find('}', at_);
    if (close == std::string_view::npos) return false;
    const auto parts = split(text_.substr(at_ + 1, close - at_ - 1), ',');
    const auto low = parse_uint(parts[0]);
    if (!low || parts.size() > 2) return false;
    const auto high = parts.size() == 2 ? parse_uint(parts[1]) : low;
    if (parts.size() == 2 && !parts[1].empty() && !high) return false;
    min = static_cast<std::uint32_t>(std::min<std::uint64_t>(*low, 1000));
    // Many times is as bad as without bound.
    unbounded = parts.size() == 2 && (parts[1].empty() || *high >= *low + 10);
    at_ = close + 1;
    return true;
  }

  static Shape of(Kind kind) {
    Shape shape;
    shape.kind = kind;
    return shape;
  }
  static Shape takes(std::string bytes, bool single = false) {
    Shape shape = of(Kind::bytes);
    shape.bytes = std::move(bytes);
    shape.single = single;
    return shape;
  }

  Shape atom(int depth) {
    const char c = text_[at_++];
    switch (c) {
      case '^':
        return of(Kind::begin);
      case '$':
        return of(Kind::end);
      case '.':
        return takes("a x0");
      case '[':
        return char_class();
      case '(':
        return group(depth);
      case '\\':
        return escape();
      default:
        return takes(std::string(1, c), true);
    }
  }

  Shape group(int depth) {
    bool look = false;
    bool never = false;
    if (at_ < text_.size() && text_[at_] == '?') {
      const auto rest = text_.substr(at_);
      look = rest.starts_with("?=") || rest.starts_with("?!") || rest.starts_with("?<=") ||
             rest.starts_with("?<!") || rest.starts_with("?#");
      never = rest.starts_with("?!)");
      if (rest.starts_with("?P<") || (rest.starts_with("?<") && !look) || rest.starts_with("?'")) {
        at_ = std::min(text_.find_first_of(">'", at_ + 3), text_.size() - 1) + 1;
      } else {
        at_ += 1;
        while (at_ < text_.size() &&
               std::string_view("<=!:>|-#imsxnJPR").find(text_[at_]) != std::string_view::npos) {
          if (std::string_view(":>|=!#").find(text_[at_++]) != std::string_view::npos) break;
        }
      }
    }
    if (depth >= kMaxDepth) {
      at_ = text_.size();
      return {};
    }
    Shape inner = choice(depth + 1);
    if (at_ < text_.size()) ++at_;  // the closing one
    if (never) return of(Kind::never);
    return look ? Shape{} : inner;
  }

  Shape escape() {
    if (at_ >= text_.size()) return {};
    const char c = text_[at_++];
    switch (c) {
      case 'd':
        return takes("01");
      case 'w':
        return takes("a0_");
      case 's':
      case 'h':
        return takes(" \t");
      case 'D':
      case 'S':
      case 'W':
      case 'N':
      case 'H':
      case 'V':
        return takes(c == 'W' ? "- " : "a-");
      case 'R':
      case 'v':
      case 'n':
        return takes("\n");
      case 't':
        return takes("\t", true);
      case 'r':
        return takes("\r");
      case 'b':
        return of(Kind::boundary);
      case 'A':
        return of(Kind::begin);
      case 'z':
      case 'Z':
        return of(Kind::end);
      default:
        if (is_alnum(c)) return {};
        return takes(std::string(1, c), true);
    }
  }

  // Samples of [ … ]; of a negated one, what is not named.
  Shape char_class() {
    const bool negated = at_ < text_.size() && text_[at_] == '^';
    if (negated) ++at_;
    std::string named;
    const std::size_t begin = at_;
    while (at_ < text_.size() && (text_[at_] != ']' || at_ == begin)) {
      char c = text_[at_++];
      if (c == '[' && at_ < text_.size() && text_[at_] == ':') {
        const auto close = text_.find(":]", at_);
        if (close != std::string_view::npos) {
          named += text_.substr(at_, close - at_).find("digit") != std::string_view::npos   ? "01"
                   : text_.substr(at_, close - at_).find("space") != std::string_view::npos ? " \t"
                                                                                            : "aA0";
          at_ = close + 2;
          continue;
        }
      }
      if (c == '\\') {
        named += escape().bytes;
        continue;
      }
      named += c;
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        const char last = text_[at_ + 1];
        if (c < last && static_cast<unsigned char>(last) < 0x80) {
          named += static_cast<char>(c + 1);
          if (negated) {
            for (char middle = c; middle < last; ++middle) named += middle;
          }
          named += last;
        }
        at_ += 2;
      }
    }
    if (at_ < text_.size()) ++at_;
    if (!negated) return takes(named.substr(0, 6));
    std::string others;
    for (const char c : std::string_view("ax0 -,.:!@zQ")) {
      if (named.find(c) == std::string::npos && others.size() < 3) others += c;
    }
    return takes(others);
  }

  std::string_view text_;
  bool extended_;
  std::size_t at_ = 0;
};

// What certainly holds before a place in the pattern.
struct Before {
  bool consumed = false;  // a character stands before it
  bool ended = false;     // $ was passed: nothing but a new line may follow
  char last = '\0';       // the character, where it is known and next to this place
  bool boundary = false;  // \b stands between it and this place
};

bool is_word(char c) { return is_alnum(c) || c == '_'; }

// Whether the shape is certain not to match behind `before`; else what holds after it.
bool dead(const Shape& shape, Before& before, bool multiline) {
  switch (shape.kind) {
    case Kind::never:
      return true;
    case Kind::begin:
      return before.consumed && !multiline;
    case Kind::end:
      before.ended = before.ended || !multiline;
      return false;
    case Kind::boundary:
      before.boundary = before.last != '\0';
      return false;
    case Kind::bytes:
      if (shape.bytes.empty()) return false;
      if (before.ended && shape.bytes.find('\n') == std::string::npos && shape.single) return true;
      if (shape.single && before.boundary && is_word(before.last) == is_word(shape.bytes[0])) {
        return true;
      }
      before = {.consumed = true,
                .ended = before.ended,
                .last = shape.single ? shape.bytes[0] : '\0',
                .boundary = false};
      return false;
    case Kind::sequence:
      return std::ranges::any_of(
          shape.children, [&](const Shape& child) { return dead(child, before, multiline); });
    case Kind::choice: {
      bool all_dead = true;
      Before after = {.consumed = true, .ended = true, .last = '\0', .boundary = false};
      for (const auto& child : shape.children) {
        Before own = before;
        if (dead(child, own, multiline)) continue;
        all_dead = false;
        after.consumed = after.consumed && own.consumed;
        after.ended = after.ended && own.ended;
      }
      before = after;
      return all_dead;
    }
    case Kind::repeat: {
      Before once = before;
      const bool dies = dead(shape.children[0], once, multiline);
      if (shape.min == 0) {
        before.last = '\0';
        before.boundary = false;
        return false;
      }
      before = once;
      before.last = '\0';
      before.boundary = false;
      return dies;
    }
    case Kind::nothing:
      before.last = '\0';
      before.boundary = false;
      return false;
  }
  return false;
}

void find_attacks(const Shape& shape, std::string& prefix, std::vector<Attack>& found) {
  if (found.size() >= 16) return;
  switch (shape.kind) {
    case Kind::sequence:
      for (const auto& child : shape.children) {
        find_attacks(child, prefix, found);
        if (prefix.size() < kMaxSample) prefix += sample(child);
      }
      break;
    case Kind::choice:
      for (const auto& child : shape.children) {
        std::string own = prefix;
        find_attacks(child, own, found);
      }
      break;
    case Kind::repeat: {
      const auto& inner = shape.children[0];
      if (shape.unbounded) {
        Attack attack{prefix, {}};
        for (std::size_t variant = 0; variant < 4; ++variant) {
          auto pump = sample(inner, variant);
          if (!pump.empty() && std::ranges::find(attack.pumps, pump) == attack.pumps.end()) {
            attack.pumps.push_back(std::move(pump));
          }
        }
        if (!attack.pumps.empty()) found.push_back(std::move(attack));
      }
      std::string own = prefix;
      find_attacks(inner, own, found);
      break;
    }
    default:
      break;
  }
}

}  // namespace

Shape read_shape(std::string_view pattern, bool extended) {
  return Reader(pattern, extended).choice(0);
}

std::string sample(const Shape& shape, std::size_t variant) {
  switch (shape.kind) {
    case Kind::bytes:
      if (shape.bytes.empty()) return {};
      return {shape.bytes[variant % shape.bytes.size()]};
    case Kind::sequence: {
      std::string all;
      for (const auto& child : shape.children) {
        if (all.size() < kMaxSample) all += sample(child, variant);
      }
      return all;
    }
    case Kind::choice:
      return sample(shape.children[variant % shape.children.size()], variant);
    case Kind::repeat: {
      std::string all;
      const auto inner = sample(shape.children[0], variant);
      const std::uint32_t times = std::max<std::uint32_t>(shape.min, variant > 0 ? 1 : 0);
      for (std::uint32_t i = 0; i < times && all.size() < kMaxSample; ++i) all += inner;
      return all;
    }
    default:
      return {};
  }
}

bool never_matches(const Shape& shape, bool multiline) {
  Before before;
  return dead(shape, before, multiline);
}

std::vector<Attack> attacks(const Shape& shape) {
  std::vector<Attack> found;
  std::string prefix;
  find_attacks(shape, prefix, found);
  return found;
}

}  // namespace sekisho::rules
