#!/bin/sh
# Downloads a released binary of dataprep, compares its checksum, and puts it where --to says. No compiler is needed.
#
#   sh install.sh [--to FOLDER] [--version VERSION] [--repository OWNER/NAME] [--from URL]
#
# --from names the folder of a release by its URL (file:// too) in place of the repository's releases.
set -eu

fail() { printf 'error: %s\n  help: %s\n' "$1" "$2" >&2; exit 2; }

to="$HOME/.local/bin" version=latest repository="${DATAPREP_REPOSITORY:-}" from="${DATAPREP_RELEASE:-}"
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || fail "$1 lacks its value" "sh install.sh [--to FOLDER] [--version VERSION] [--repository OWNER/NAME] [--from URL]"
  case "$1" in
    --to) to="$2" ;;
    --version) version="$2" ;;
    --repository) repository="$2" ;;
    --from) from="$2" ;;
    *) fail "there is no option $1" "sh install.sh [--to FOLDER] [--version VERSION] [--repository OWNER/NAME] [--from URL]" ;;
  esac
  shift 2
done

system="${DATAPREP_SYSTEM:-$(uname -s) $(uname -m)}"
case "$system" in
  "Linux x86_64") target=x86_64-unknown-linux-musl ;;
  "Linux aarch64" | "Linux arm64") target=aarch64-unknown-linux-musl ;;
  "Darwin arm64") target=aarch64-apple-darwin ;;
  "Darwin x86_64") target=x86_64-apple-darwin ;;
  *) fail "no binary is released for $system" "build it: cargo install --locked --path . in a clone" ;;
esac

if [ -z "$from" ]; then
  [ -n "$repository" ] || fail "nobody has said where dataprep is kept" "give --repository OWNER/NAME, or --from URL"
  case "$version" in
    latest) from="https://github.com/$repository/releases/latest/download" ;;
    *) from="https://github.com/$repository/releases/download/$version" ;;
  esac
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
archive="dataprep-$target.tar.gz"
for file in "$archive" SHA256SUMS; do
  curl --fail --silent --show-error --location --retry 3 --output "$work/$file" "$from/$file" ||
    fail "cannot download $from/$file" "look whether that release exists and holds the file"
done
if command -v sha256sum >/dev/null; then sum="sha256sum"; else sum="shasum -a 256"; fi
listed="$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS")"
found="$(cd "$work" && $sum "$archive" | cut -d ' ' -f 1)"
[ -n "$listed" ] || fail "SHA256SUMS of the release does not list $archive" "the release is not whole: take another version"
[ "$listed" = "$found" ] || fail "$archive is not what the release lists: its checksum is $found, not $listed" "download it again, and do not use this one"

tar -xzf "$work/$archive" -C "$work" dataprep || fail "$archive holds no dataprep" "the release is not whole: take another version"
mkdir -p "$to"
install -m 755 "$work/dataprep" "$to/dataprep"
printf 'installed %s in %s\n' "$("$to/dataprep" --version)" "$to"
