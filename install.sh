#!/bin/sh
# Installs the version of falkirk that a repository asks for, and no other.
set -eu

usage() {
  cat <<'EOF'
usage: sh install.sh [--version VERSION] [--from URL] [--to FOLDER]

  --version  the version, such as 1.4.0 (default: the key "falkirk" of the app
             file: $FALKIRK_FILE, or falkirk.yml here)
  --from     where releases are: URL/v1.4.0/checksums.txt and what that lists
             (default: $FALKIRK_URL; Falkirk has no public home yet)
  --to       the folder for the program (default: ~/.local/bin)

What does not match its SHA-256 in checksums.txt is not installed.
EOF
}

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# pinned prints the version that an app file asks for.
pinned() {
  [ -f "$1" ] || fail "no app file $1: give --version, or run it where falkirk.yml is"
  found=$(tr -d '\r' <"$1" | sed -n "s/^falkirk:[[:blank:]]*[\"']\{0,1\}\([0-9][0-9A-Za-z.+-]*\)[\"']\{0,1\}[[:blank:]]*\(#.*\)\{0,1\}\$/\1/p" | head -n 1)
  [ -n "$found" ] || fail "$1 has no line such as \"falkirk: 1.4.0\": give --version"
  echo "$found"
}

# platform prints the system and architecture of this machine as the archives
# name them.
platform() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    MINGW* | MSYS* | CYGWIN*) os=windows ;;
    *) fail "there is no falkirk for $(uname -s)" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no falkirk for $(uname -m)" ;;
  esac
  echo "${os}_$arch"
}

# fetch URL FILE downloads all of it, or fails.
fetch() {
  if has curl; then
    curl --fail --silent --show-error --location --proto-redir =https --retry 2 --output "$2" "$1"
  elif has wget; then
    wget --quiet --tries=3 --output-document="$2" "$1"
  else
    fail "neither curl nor wget is here"
  fi || fail "cannot get $1"
}

# sum prints the SHA-256 of a file.
sum() {
  if has sha256sum; then
    sha256sum <"$1"
  elif has shasum; then
    shasum -a 256 <"$1"
  elif has openssl; then
    openssl dgst -sha256 -r <"$1"
  else
    fail "neither sha256sum nor shasum nor openssl is here"
  fi | cut -c 1-64
}

# listed NAME FILE prints the sum that checksums.txt has for a name.
listed() {
  line=$(awk -v name="$1" '$2 == name || $2 == "*" name { print $1 }' "$2")
  case $line in
    *[!0-9a-f]* | '') fail "checksums.txt does not list $1" ;;
  esac
  [ ${#line} -eq 64 ] || fail "checksums.txt has no SHA-256 for $1"
  echo "$line"
}

# says PROGRAM VERSION tells whether a program is that version of falkirk.
says() {
  case $("$1" version 2>/dev/null) in
    "falkirk v$2 ("* | "falkirk $2 ("*) return 0 ;;
  esac
  return 1
}

unpack() {
  case $1 in
    *.zip) unzip -q -o "$1" "$2" -d "$3" ;;
    *) tar -xzf "$1" -C "$3" "$2" ;;
  esac || fail "cannot unpack $(basename "$1")"
}

version='' from=${FALKIRK_URL:-} to=${HOME:-}/.local/bin
while [ $# -gt 0 ]; do
  case $1 in
    --version | --from | --to)
      [ $# -ge 2 ] || fail "$1 wants a value"
      case $1 in
        --version) version=$2 ;;
        --from) from=$2 ;;
        --to) to=$2 ;;
      esac
      shift 2
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      fail "\"$1\" is not known"
      ;;
  esac
done

[ -n "$version" ] || version=$(pinned "${FALKIRK_FILE:-falkirk.yml}")
version=${version#v}
case $version in
  *[!0-9A-Za-z.+-]* | [!0-9]* | '') fail "\"$version\" is not a version such as 1.4.0" ;;
esac

where=$(platform)
program=falkirk archive=falkirk_${version}_$where.tar.gz
case $where in
  windows_*) program=falkirk.exe archive=falkirk_${version}_$where.zip ;;
esac

if [ -x "$to/$program" ] && says "$to/$program" "$version"; then
  echo "falkirk $version is in $to already"
  exit 0
fi

case $from in
  '') fail "say where releases are: --from URL, or FALKIRK_URL; Falkirk has no public home yet" ;;
  https://* | file://* | http://127.0.0.1[:/]* | http://localhost[:/]*) ;;
  *) fail "$from is not https:// (a sum that anybody on the way can change proves nothing)" ;;
esac

mkdir -p "$to"
# On the file system of the folder, so that the last move is one step.
temp=$(mktemp -d "$to/.falkirk-install.XXXXXX")
trap 'rm -rf "$temp"' EXIT
trap 'exit 130' HUP INT TERM

base=${from%/}/v$version
fetch "$base/checksums.txt" "$temp/checksums.txt"
want=$(listed "$archive" "$temp/checksums.txt")
fetch "$base/$archive" "$temp/$archive"
got=$(sum "$temp/$archive")
[ "$got" = "$want" ] || fail "$archive has the SHA-256 $got, and checksums.txt says $want: not installed"
unpack "$temp/$archive" "$program" "$temp"
chmod 755 "$temp/$program"
says "$temp/$program" "$version" || fail "$archive holds no falkirk $version that runs here: not installed"
mv -f "$temp/$program" "$to/$program"
echo "falkirk $version is in $to"
case :$PATH: in
  *":$to:"*) ;;
  *) echo "put $to on your PATH" ;;
esac
