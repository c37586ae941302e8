# Shared by the scripts beside it; to be sourced, not run.

# What the script is doing, on standard error so that a command's own output stays clean.
say() { printf '==> %s\n' "$*" >&2; }

# One clear line, then the end.
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Every script may be called from anywhere.
enter_root() { cd "$(dirname "${BASH_SOURCE[0]}")/.." || fail "cannot enter the repository"; }
