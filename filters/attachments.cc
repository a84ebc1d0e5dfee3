#include "filters/attachments.h"

#include <algorithm>
#include <set>
#include <utility>

#include "filters/attachments_job.h"
#include "gateway/base/encode.h"
#include "gateway/base/text.h"

namespace sekisho::filters {
namespace {

constexpr std::size_t kMaxWord = 255;  // of an extension or a type

// What runs, or makes something run, when it is opened on a desktop: the blocked list that mail
// programs share, without formats that people do send each other (certificates, databases), and
// with the disk images and shortcuts by which malware has got round it since.
const std::vector<std::string> kDangerousExtensions{
    // programs and installers
    "appinstaller", "application", "appx", "appxbundle", "cmd", "com", "cpl", "diagcab", "dll",
    "drv", "exe", "gadget", "jar", "jnlp", "msi", "msix", "msixbundle", "msp", "mst", "ocx", "pif",
    "scr", "sys", "xbap",
    // scripts
    "bat", "hta", "js", "jse", "ps1", "ps1xml", "ps2", "ps2xml", "psc1", "psc2", "psd1", "psm1",
    "sct", "vb", "vbe", "vbs", "ws", "wsc", "wsf", "wsh", "msh", "msh1", "msh2", "mshxml",
    // shortcuts, settings and help files that run commands
    "chm", "hlp", "inf", "library-ms", "lnk", "msc", "reg", "scf", "search-ms", "settingcontent-ms",
    "shb", "shs", "theme", "themepack", "url", "website", "xll", "xnk",
    // disk images, whose content escapes the mark of the web
    "img", "iso", "vhd", "vhdx"};

const std::vector<std::string> kDangerousTypes{
    "application/hta", "application/java-archive", "application/vnd.microsoft.portable-executable",
    "application/x-dosexec", "application/x-java-jnlp-file", "application/x-ms-application",
    "application/x-ms-shortcut", "application/x-msdos-program", "application/x-msdownload",
    "application/x-msi",
    // A part of a message that the reader puts together
    // again: what is in it can't be seen here.
    "message/partial"};

Verdict refuse(const Offence& found) {
  std::string text = "the attachment ";
  if (!found.name.empty()) text += "\"" + encode_for_smtp(found.name, 80) + "\" ";
  text += "is of a kind that is not accepted here (" + encode_for_smtp(found.kind, 120) + ")";
  return Verdict::reject(smtp::Reply::of(550, "5.7.1", text),
                         "attachment " + found.name + ": " + found.kind);
}

class AttachmentsSession final : public FilterSession {
 public:
  AttachmentsSession(const AttachmentRules& rules, const SessionContext& context)
      : rules_(rules), context_(context) {}

  Task<Verdict> check(Stage, View& view) override {
    if (view.message == nullptr) throw CheckFailed({ErrorKind::invalid, "no message to look at"});
    auto message = co_await view.message->sealed();
    if (!message) throw CheckFailed(message.error());
    const auto result =
        co_await context_.workers.run(context_.loop,
                                      {.kind = kAttachmentsJob,
                                       .input = encode(rules_, view.message->mime_limits()),
                                       .message = std::move(*message),
                                       .log_id = view.envelope.id},
                                      context_.cancel);
    if (!result) throw CheckFailed(result.error());
    const auto findings = decode_findings(*result);
    if (!findings) throw CheckFailed(findings.error());
    if (findings->offence) co_return refuse(*findings->offence);
    if (!findings->unread.empty()) {
      throw CheckFailed(
          {ErrorKind::limit, "the message's parts can't all be read: " + findings->unread});
    }
    co_return Verdict::pass();
  }

 private:
  const AttachmentRules& rules_;
  SessionContext context_;
};

class Attachments final : public Filter {
 public:
  explicit Attachments(AttachmentRules rules) : rules_(std::move(rules)) {}
  [[nodiscard]] StageSet stages() const override { return {Stage::end}; }
  [[nodiscard]] std::unique_ptr<FilterSession> open(const SessionContext& context) const override {
    return std::make_unique<AttachmentsSession>(rules_, context);
  }

 private:
  AttachmentRules rules_;
};

// "exe" and ".EXE" are "exe"; an extension with another dot in it could never match.
Result<std::string> parse_extension(std::string_view text) {
  std::string extension = to_lower(text.starts_with('.') ? text.substr(1) : text);
  const bool fit = std::ranges::all_of(
      extension, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '+'; });
  if (extension.empty() || extension.size() > kMaxWord || !fit) {
    return fail(ErrorKind::invalid,
                "\"" + std::string(text) + "\" is not an extension; write \"exe\" or \".exe\"");
  }
  return extension;
}

Result<std::string> parse_type(std::string_view text) {
  std::string type = to_lower(text);
  const auto slash = type.find('/');
  const bool fit = std::ranges::all_of(type, [](char c) {
    return is_alnum(c) || std::string_view("!#$&-^_.+/*").find(c) != std::string_view::npos;
  });
  const bool whole = slash != std::string::npos && slash > 0 && slash + 1 < type.size() &&
                     type.find('/', slash + 1) == std::string::npos;
  const auto star = type.find('*');
  const bool star_fit = star == std::string::npos || (star == slash + 1 && star + 1 == type.size());
  if (!fit || !whole || !star_fit || type.size() > kMaxWord) {
    return fail(ErrorKind::invalid, "\"" + std::string(text) +
                                        "\" is not a MIME type; write \"application/x-msdownload\" "
                                        "or \"video/*\"");
  }
  if (star != std::string::npos) type.pop_back();
  return type;
}

class AttachmentsBlueprint final : public Blueprint {
 public:
  void visit(SettingsVisitor& v) override {
    v.field("extensions", extensions_,
            "File name extensions to refuse, in whatever way the name is written. Replaces the "
            "built-in list.");
    v.field("types", types_,
            "MIME types to refuse: \"application/x-msdownload\", \"video/*\". Replaces the "
            "built-in list.");
    v.field("block_programs", block_programs_,
            "Refuse Windows, ELF and Mach-O programs by their first bytes, whatever their name.");
    for (const std::string& text : extensions_) {
      if (auto parsed = parse_extension(text); !parsed) v.error("extensions", parsed.error().text);
    }
    for (const std::string& text : types_) {
      if (auto parsed = parse_type(text); !parsed) v.error("types", parsed.error().text);
    }
  }

  [[nodiscard]] Result<std::shared_ptr<const Filter>> build(const Filter*) const override {
    AttachmentRules rules{.extensions = {}, .types = {}, .programs = block_programs_};
    for (const std::string& text : extensions_) {
      auto parsed = parse_extension(text);
      if (!parsed) return std::unexpected(parsed.error());
      rules.extensions.insert(std::move(*parsed));
    }
    for (const std::string& text : types_) {
      auto parsed = parse_type(text);
      if (!parsed) return std::unexpected(parsed.error());
      rules.types.insert(std::move(*parsed));
    }
    return std::make_shared<const Attachments>(std::move(rules));
  }

 private:
  std::vector<std::string> extensions_ = kDangerousExtensions;
  std::vector<std::string> types_ = kDangerousTypes;
  bool block_programs_ = true;
};

}  // namespace

std::unique_ptr<Blueprint> make_attachments() { return std::make_unique<AttachmentsBlueprint>(); }

}  // namespace sekisho::filters
