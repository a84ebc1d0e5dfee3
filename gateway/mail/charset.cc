#include "gateway/mail/charset.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include <iconv.h>

#include "gateway/base/text.h"

namespace sekisho::mail {
namespace {

// Names as they stand in mail, and iconv's for them where it has another.
constexpr std::array<std::pair<std::string_view, const char*>, 53> kCharsets{{
    {"utf-8", "UTF-8"},
    {"utf8", "UTF-8"},
    {"us-ascii", "WINDOWS-1252"},  // 8-bit bytes under it are Windows' in practice
    {"ascii", "WINDOWS-1252"},
    {"iso-8859-1", "WINDOWS-1252"},  // as the WHATWG encoding standard reads it
    {"latin1", "WINDOWS-1252"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "ISO-8859-8"},
    {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-9", "ISO-8859-9"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-11", "ISO-8859-11"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"},
    {"windows-1250", "WINDOWS-1250"},
    {"windows-1251", "WINDOWS-1251"},
    {"windows-1252", "WINDOWS-1252"},
    {"windows-1253", "WINDOWS-1253"},
    {"windows-1254", "WINDOWS-1254"},
    {"windows-1255", "WINDOWS-1255"},
    {"windows-1256", "WINDOWS-1256"},
    {"windows-1257", "WINDOWS-1257"},
    {"windows-1258", "WINDOWS-1258"},
    {"cp1250", "WINDOWS-1250"},
    {"cp1251", "WINDOWS-1251"},
    {"cp1252", "WINDOWS-1252"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"euc-jp", "EUC-JP"},
    {"iso-2022-jp", "ISO-2022-JP"},
    {"gb2312", "GBK"},
    {"gbk", "GBK"},
    {"gb18030", "GB18030"},
    {"big5", "BIG5"},
    {"euc-kr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
    {"tis-620", "TIS-620"},
    {"utf-7", "UTF-7"},
    {"unicode-1-1-utf-7", "UTF-7"},
    {"utf-16", "UTF-16"},
    {"utf-16le", "UTF-16LE"},
    {"utf-16be", "UTF-16BE"},
    {"utf-32le", "UTF-32LE"},
    {"utf-32be", "UTF-32BE"},
}};

const char* iconv_name(std::string_view charset) {
  const auto* const found = std::ranges::find_if(
      kCharsets, [&](const auto& entry) { return iequals(entry.first, charset); });
  return found == kCharsets.end() ? nullptr : found->second;
}

class Converter {
 public:
  explicit Converter(const char* from) : handle_(::iconv_open("UTF-8", from)) {}
  ~Converter() {
    if (valid()) ::iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  // iconv_open's failure is the pointer with all bits set.
  [[nodiscard]] bool valid() const { return reinterpret_cast<std::intptr_t>(handle_) != -1; }

  std::string convert(std::string bytes) {
    std::string out;
    std::array<char, 512> block{};
    char* in = bytes.data();
    std::size_t left = bytes.size();
    while (left > 0) {
      char* to = block.data();
      std::size_t room = block.size();
      const bool failed = ::iconv(handle_, &in, &left, &to, &room) == static_cast<std::size_t>(-1);
      const int error = errno;
      out.append(block.data(), block.size() - room);
      if (!failed || error == E2BIG) continue;
      out += '?';  // EILSEQ, or EINVAL: a sequence that the end cut off
      ++in;
      --left;
    }
    return out;
  }

 private:
  iconv_t handle_;
};

}  // namespace

std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset) {
  const char* name = iconv_name(charset);
  if (name == nullptr) return std::nullopt;
  Converter converter(name);
  if (!converter.valid()) return std::nullopt;
  return converter.convert(std::string(bytes));
}

std::vector<std::string_view> charset_names() {
  std::vector<std::string_view> names;
  for (const auto& entry : kCharsets) names.push_back(entry.first);
  return names;
}

void load_charsets() {
  // A converter that is in use stays loaded.
  static std::vector<std::unique_ptr<Converter>> kept;
  for (const auto& entry : kCharsets) kept.push_back(std::make_unique<Converter>(entry.second));
}

}  // namespace sekisho::mail
