# Sourced by `airlock` and `tests/run`: installs what is missing and builds.
# Needs `root` (the checkout). AIRLOCK_BUILD_DIR names another build folder.
# `package_lists` may be added to.
# Whatever goes wrong here ends with exit code 5: the others are answers of
# airlock's.

build_dir=${AIRLOCK_BUILD_DIR:-$root/build}
package_lists=("$root/cmake/debian-packages.txt")

say() { printf 'airlock: %s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 5
}

missing_packages() {
  local wanted
  wanted=$(sed -e 's/#.*//' -e '/^ *$/d' "${package_lists[@]}")
  # An unknown package is an error of dpkg-query's and simply not listed.
  # shellcheck disable=SC2086
  dpkg-query -W -f='${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
    sed -n 's/^installed //p' | sort > "$build_dir/.installed"
  printf '%s\n' "$wanted" | sort | comm -23 - "$build_dir/.installed"
  rm -f "$build_dir/.installed"
}

# install_packages report|install
install_packages() {
  local missing sudo=()
  if ! command -v dpkg-query > /dev/null; then
    fail "this is not a Debian system; see the lists of packages:" \
         "${package_lists[@]}"
  fi
  missing=$(missing_packages | tr '\n' ' ')
  [ -n "${missing// /}" ] || return 0
  if [ "$1" = report ]; then
    say "missing packages: $missing"
    fail "install them with:" \
         "apt-get install -y --no-install-recommends $missing"
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
      fail "missing packages, and neither root nor sudo: $missing"
    fi
    sudo=(sudo)
  fi
  say "installing $missing"
  local log="$build_dir/install.log"
  # shellcheck disable=SC2086
  if ! { "${sudo[@]}" apt-get update -qq &&
         "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y \
           --no-install-recommends $missing; } > "$log" 2>&1 < /dev/null; then
    tail -n 20 "$log" >&2
    fail "installing failed; the whole log is $log"
  fi
}

# build_targets TARGET...
build_targets() {
  if [ ! -f "$build_dir/build.ninja" ]; then
    say "configuring"
    if ! cmake -S "$root" -B "$build_dir" -G Ninja \
         > "$build_dir/configure.log" 2>&1; then
      tail -n 30 "$build_dir/configure.log" >&2
      rm -f "$build_dir/build.ninja"
      fail "configuring failed; the whole log is $build_dir/configure.log"
    fi
  fi
  # Ninja's own progress on a terminal; otherwise only what goes wrong.
  if [ -t 2 ]; then
    cmake --build "$build_dir" --target "$@" >&2 || exit 5
  elif ! cmake --build "$build_dir" --target "$@" \
       > "$build_dir/build.log" 2>&1; then
    { grep -A 20 -E 'FAILED|error' "$build_dir/build.log" ||
        cat "$build_dir/build.log"; } | tail -n 60 >&2
    fail "building failed; the whole log is $build_dir/build.log"
  fi
}

# A build folder knows its sources by their path: one of another checkout would
# build that one, one that was moved nothing.
check_build_folder() {
  local cache="$build_dir/CMakeCache.txt" source
  [ -f "$cache" ] || return 0
  source=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$cache")
  [ -z "$source" ] || [ "$source" -ef "$root" ] ||
    fail "$build_dir builds $source; remove it, or name another one in" \
         "AIRLOCK_BUILD_DIR"
}

# prepare report|install TARGET...: one at a time, whoever else builds waits.
prepare() {
  local mode=$1 lock
  shift
  { mkdir -p "$build_dir" && exec {lock}> "$build_dir/.lock" &&
      flock "$lock"; } || fail "cannot use the build folder $build_dir"
  check_build_folder
  install_packages "$mode"
  [ -f "$build_dir/build.ninja" ] ||
    say "building in $build_dir (some minutes, once)"
  build_targets "$@"
  exec {lock}>&-
}
