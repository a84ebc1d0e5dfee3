// Where certbot, lego and Kubernetes put certificates.
#include <algorithm>
#include <system_error>
#include <utility>

#include "gateway/net/tls_certificates.h"

namespace sekisho {
namespace {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> list(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error))
    found.push_back(it->path());
  if (error)
    return fail(ErrorKind::invalid,
                "cannot look for certificates in " + directory.string() + ": " + error.message());
  return found;
}

void add_pairs(const std::vector<fs::path>& files, std::vector<TlsPairFiles>& to) {
  for (const fs::path& file : files) {
    fs::path key;
    if (file.filename() == "fullchain.pem") key = file.parent_path() / "privkey.pem";
    if (file.extension() == ".crt") key = fs::path(file).replace_extension(".key");
    // lego leaves NAME.issuer.crt, a certificate without a key, beside NAME.crt.
    if (!key.empty() && std::ranges::find(files, key) != files.end())
      to.push_back({.certificate = file, .key = key});
  }
}

// Not the dotted ones: Kubernetes' "..data" holds what the links beside it lead to.
bool is_open_folder(const fs::path& path) {
  std::error_code ignored;
  return !path.filename().string().starts_with('.') && fs::is_directory(path, ignored);
}

}  // namespace

Result<std::vector<TlsPairFiles>> find_tls_pairs(const fs::path& directory) {
  auto top = list(directory);
  if (!top) return std::unexpected(std::move(top.error()));
  std::vector<TlsPairFiles> pairs;
  add_pairs(*top, pairs);
  for (const fs::path& folder : *top) {
    if (!is_open_folder(folder)) continue;
    auto inside = list(folder);
    if (!inside) return std::unexpected(std::move(inside.error()));
    add_pairs(*inside, pairs);
  }
  std::ranges::sort(pairs);
  return pairs;
}

}  // namespace sekisho
