# Thin: each target is one or two commands that could be typed as well.
CARGO ?= cargo

.PHONY: help drive dev-stack seed-fixtures health-check demo test test-web lint format docs loom python-deps web-deps bench clean

help:            ## Lists the targets
	@grep -E '^[a-z-]+: *.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

drive:           ## Drives through the terminal yard in the simulator, and draws it to drive.png
	$(CARGO) run --release --quiet -p atlas -- drive --plot drive.png

dev-stack:       ## Builds and runs a fleet on this machine: fleet service, a vehicle with the full stack, light vehicles
	$(CARGO) build --release --quiet -p atlas -p fleetd -p feeder
	$(CARGO) run --release --quiet -p atlas -- up

seed-fixtures:   ## Writes vehicles and trips to look at into fleet-data: make seed-fixtures trips=200 vehicles=100 fleets=5
	$(CARGO) run --release --quiet -p fleetd -- $(if $(wildcard fleet-data/fleetd.toml),--config fleet-data/fleetd.toml) seed \
	  --trips $(or $(trips),200) --vehicles $(or $(vehicles),100) --fleets $(or $(fleets),5)

health-check:    ## Asks each service of a running dev-stack how it is
	@failed=0; for service in api-gateway fleet-manager vehicle-gateway policy-engine routing-service telemetry-ingest; do \
	  printf '%-20s' $$service; curl -fsS http://localhost:8080/svc/$$service/health || failed=1; echo; done; \
	  printf '%-20s' database; curl -fsS http://localhost:8081/health/database || failed=1; echo; exit $$failed

demo:            ## Starts the example node, and listens to it with the atlas command for a few seconds
	$(CARGO) build --quiet -p first_node -p atlas
	@./examples/demo.sh

test: python-deps  ## Runs all tests
	$(CARGO) test --workspace --quiet
	$(MAKE) --no-print-directory loom test-web

# Not `build -p`: with other features than the tests have, much would be compiled again.
test-web: web-deps  ## Tests the control center, by itself and in a browser with a real fleet
	cd cloud/web && npm test --silent
	$(CARGO) test --workspace --no-run --quiet
	@if command -v chromium >/dev/null; then \
	  cd cloud/web && ATLAS="$${CARGO_TARGET_DIR:-../../target}/debug/atlas" npm run --silent e2e; \
	else echo "no Chromium: the tests in a browser are skipped"; fi

loom:            ## Model-checks the lock-free parts of the runtime
	RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR="$${CARGO_TARGET_DIR:-target}/loom" \
	  $(CARGO) test -p runtime --no-default-features --release --quiet --test rt_loom

lint: web-deps   ## Formatting, clippy, docs and the control center, all warnings as errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	cd cloud/web && npm run --silent lint
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet

format:          ## Formats the code
	$(CARGO) fmt --all

docs:            ## Builds the API documentation
	$(CARGO) doc --workspace --no-deps

bench:           ## Measures transport, real-time loop, lockstep, recording and a live vehicle on this machine (some minutes)
	$(CARGO) build --release -p atlas -p perf-transport -p perf-rt -p perf-lockstep -p perf-recording -p perf-vehicle
	$(CARGO) run --release -q -p perf-transport -- roundtrip
	$(CARGO) run --release -q -p perf-rt
	$(CARGO) run --release -q -p perf-lockstep
	$(CARGO) run --release -q -p perf-recording
	$(CARGO) run --release -q -p perf-vehicle

python-deps:     # Independent implementations that tests compare with; without them those tests say that they are skipped
	@python3 -c 'import rosbags, mcap, mcap_ros2' 2>/dev/null \
	  || python3 -m pip install --quiet --disable-pip-version-check rosbags mcap mcap-ros2-support \
	  || python3 -m pip install --quiet --disable-pip-version-check --break-system-packages rosbags mcap mcap-ros2-support \
	  || echo "no rosbags and mcap for Python: tests that compare with them will be skipped"

web-deps:        # What the control center is built and tested with, in the versions of its lock file
	@cd cloud/web && { [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund; }
	@cd cloud/web && { [ generated/api.d.ts -nt ../fleetd/openapi.json ] || npm run --silent api; }

clean:           ## Removes what was built
	$(CARGO) clean
