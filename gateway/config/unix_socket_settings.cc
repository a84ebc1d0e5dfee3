#include "gateway/config/unix_socket_settings.h"

#include <cerrno>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <grp.h>

namespace sekisho::config {
namespace {

constexpr int kOctal = 8;
constexpr std::size_t kLongestMode = 4;
constexpr mode_t kAllRights = 0777;

std::optional<mode_t> parse_mode(std::string_view text) {
  mode_t mode = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, mode, kOctal);
  if (error != std::errc() || rest != end || text.size() > kLongestMode || mode > kAllRights)
    return std::nullopt;
  return mode;
}

Result<gid_t> find_group(const std::string& name) {
  std::vector<char> room(1024);
  group entry{};
  group* found = nullptr;
  int error = 0;
  while ((error = ::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found)) == ERANGE)
    room.resize(room.size() * 2);  // a group may have many members
  if (error != 0)
    return std::unexpected(system_error(ErrorKind::io, "cannot look up group " + name, error));
  if (found == nullptr)
    return fail(ErrorKind::invalid, fmt::format("there is no group \"{}\"", name));
  return found->gr_gid;
}

}  // namespace

void UnixSocketSettings::visit(SettingsVisitor& v, std::string_view address) {
  v.field("socket_mode", mode,
          "Of a Unix socket: who may connect, as the octal mode of its file. With \"0660\" its "
          "user and its group may, with \"0666\" every user of this system. Counts from when the "
          "socket is opened: one that is open already keeps its mode and group over a reload.");
  v.field("socket_group", group,
          "Of a Unix socket: the group of its file, by name, such as \"postfix\"; the gateway's "
          "user must be a member of it. By default the gateway's own group.");
  if (!parse_mode(mode))
    v.error("socket_mode", "is no octal mode of up to 0777: write it like \"0660\"");
  if (address.starts_with(kUnixPrefix)) return;
  // The defaults may be written out, as `sekisho config show` does.
  constexpr const char* kNoUse =
      "is for a Unix socket alone: take it out, or set address = \"unix:/path\"";
  if (mode != UnixSocketSettings().mode) v.error("socket_mode", kNoUse);
  if (!group.empty()) v.error("socket_group", kNoUse);
}

Result<UnixSocketRights> UnixSocketSettings::rights() const {
  UnixSocketRights rights;
  const auto parsed = parse_mode(mode);
  if (!parsed) return fail(ErrorKind::invalid, "socket_mode is no octal mode");
  rights.mode = *parsed;
  if (group.empty()) return rights;
  const auto id = find_group(group);
  if (!id) return std::unexpected(id.error());
  rights.group = *id;
  return rights;
}

}  // namespace sekisho::config
