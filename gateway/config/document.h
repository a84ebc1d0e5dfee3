// Document: the main file and its includes, read and merged into one tree. Owns the texts.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "gateway/config/problems.h"
#include "gateway/config/source.h"
#include "gateway/config/tree.h"

namespace sekisho::config {

struct Document {
  std::vector<std::unique_ptr<const Source>> sources;  // the main file first
  Node root;

  // The main file as a whole: the place of what is nowhere.
  [[nodiscard]] Place whole() const;
};

// Reads `file` and what its `include` names. Problems of reading, of grammar and of keys set in two
// files are reported; the document holds what could be read all the same.
Document read_document(const std::filesystem::path& file, Problems& problems);
// The text of a file named `name`, without includes.
Document read_text(std::string_view text, const std::filesystem::path& name, Problems& problems);

}  // namespace sekisho::config
