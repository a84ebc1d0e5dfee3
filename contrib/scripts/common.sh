# Functions that ./start and ./run-tests share. Source it from the project's root.

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "installing packages needs root: run as root or install sudo"
  fi
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages FILE …: installs what is missing of the packages listed in the files, one a line. A
# second word on the line is a command: where that exists already, wherever it is from, it will do.
install_packages() {
  local package command missing=()
  while read -r package command; do
    [ -n "$package" ] && ! is_installed "$package" || continue
    [ -n "$command" ] && command -v "$command" >/dev/null && continue
    missing+=("$package")
  done < <(sed 's/#.*//' "$@")
  [ ${#missing[@]} -eq 0 ] && return
  say "installing: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! as_root contrib/scripts/install-quietly "${missing[@]}" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "apt-get could not install: ${missing[*]}"
  fi
  rm -f "$log"
}

# build PRESET [TARGET …]: configures and builds; prints the compiler's words only when it fails.
build() {
  local preset=$1 log
  shift
  log=$(mktemp)
  say "building ($preset) …"
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" ${*:+--target "$@"}; } >"$log" 2>&1; then
    grep -E 'error|FAILED|CMake Error' -A 5 "$log" | tail -n 60 >&2
    say "whole log: $log" >&2
    exit 1
  fi
  rm -f "$log"
}

# unpack_packages FILE: unpacks what is missing of the packages listed in the file into build/peers.
# What can't be had is left out: the tests that want it are skipped by name.
unpack_packages() {
  local package program folder
  while read -r package program; do
    folder=build/peers/$package
    [ -n "$package" ] && [ ! -x "$folder/$program" ] || continue
    say "unpacking: $package"
    rm -rf "$folder" && mkdir -p "$folder"
    (cd "$folder" && apt-get -qq download "$package" && dpkg -x ./*.deb .) >/dev/null 2>&1 ||
      say "$package can't be had"
  done < <(sed 's/#.*//' "$1")
}
