// The stages of a session at which rules are asked, in their order. What is known at one is known
// at all later ones.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sekisho::rules {

enum class Stage : std::uint8_t { connect, helo, auth, mail, rcpt, message, outcome };

inline constexpr std::array<std::string_view, 7> kStageNames = {
    "connect", "helo", "auth", "mail", "rcpt", "message", "outcome"};

[[nodiscard]] constexpr std::string_view to_string(Stage stage) {
  return kStageNames[static_cast<std::size_t>(stage)];
}

[[nodiscard]] constexpr std::optional<Stage> stage_named(std::string_view name) {
  for (std::size_t i = 0; i < kStageNames.size(); ++i) {
    if (kStageNames[i] == name) return static_cast<Stage>(i);
  }
  return std::nullopt;
}

}  // namespace sekisho::rules
