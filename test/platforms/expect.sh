# For scripts that look at an installed package from inside a root: `. expect.sh`. Ends of the scripts: exit $failed.

failed=0

# expect WHAT COMMAND...
expect() {
  local what=$1
  shift
  if "$@" >/tmp/expect.log 2>&1; then echo "ok   $what"; else
    failed=1
    echo "FAIL $what: $*"
    tail -n 20 /tmp/expect.log
  fi
}

# Tries the command until it succeeds, for half a minute; UNTIL_TRUE_SECONDS in place of that.
until_true() {
  local end=$((SECONDS + ${UNTIL_TRUE_SECONDS:-30}))
  while [ "$SECONDS" -lt "$end" ]; do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  "$@"
}

install_package() {
  apt-get -qq install -y --no-install-recommends "$@" >/tmp/apt.log 2>&1 || {
    tail -n 30 /tmp/apt.log
    return 1
  }
}
