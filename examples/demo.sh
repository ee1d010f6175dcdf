#!/usr/bin/env bash
# The example node, and what one sees of it with the atlas command. No ROS, no router, nothing installed.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(cargo metadata --format-version 1 --no-deps | sed -E 's/.*"target_directory":"([^"]*)".*/\1/')/debug
export PATH="$bin:$PATH"
ATLAS_RENDEZVOUS=$(mktemp -d)
export ATLAS_RENDEZVOUS

show() { printf '\n\033[1m$ %s\033[0m\n' "$*"; "$@"; }

first_node --ros-args -p name:=reader &
node=$!
trap 'kill $node 2>/dev/null; wait $node 2>/dev/null; rm -rf "$ATLAS_RENDEZVOUS"' EXIT

for _ in $(seq 50); do atlas node list 2>/dev/null | grep -q /greeter && break; done

show atlas topic echo /greetings --once
show atlas topic list -t
show atlas node info /greeter
show atlas param set /greeter name Ada
show atlas topic echo /greetings --once
show atlas service call /greeter/restart std_srvs/srv/Trigger
show atlas topic hz /greetings --window 4 --count 4
