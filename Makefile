# `make help` lists what there is. Every target first installs what it lacks (as root), or prints
# the one line to run.

.DEFAULT_GOAL := help
.PHONY: help demo test bench package fmt setup-build setup-demo setup-test setup-bench setup-package rust

LAN ?=
export LAN

NEED_BUILD := cc=gcc make=make cmake=cmake
NEED_DEMO  := $(NEED_BUILD) curl=curl openssl=openssl hostname=hostname aiosmtpd=python3-aiosmtpd
NEED_TEST  := $(NEED_BUILD) chromium=chromium chromedriver=chromium-driver oathtool=oathtool \
              zbarimg=zbar-tools strace=strace nginx=nginx apache2=apache2-bin faketime=faketime \
              curl=curl openssl=openssl aiosmtpd=python3-aiosmtpd \
              pg_createcluster=postgresql npm=npm python3:cryptography=python3-cryptography \
              lintian=lintian debootstrap=debootstrap systemd-nspawn=systemd-container
NEED_PACKAGE := $(NEED_BUILD) dpkg-shlibdeps=dpkg-dev strip=binutils file=file musl-gcc=musl-tools
NEED_BENCH := $(NEED_BUILD) nginx=nginx wrk=wrk python3=python3

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: setup-demo ## stand-in for SPSE 4.4 and gateway, until Ctrl-C; LAN=1: https, for a real phone
	@scripts/demo

test: setup-test ## format, lint, all tests, browser stories; the time that each took
	@scripts/test

bench: setup-bench ## beside nginx and a bare proxy; writes tests/bench/RESULTS.md
	@scripts/bench

package: setup-package ## Debian package, and a static tarball for everything else; into target/package
	@scripts/package

fmt: ## format the code
	@cargo fmt --all

rust:
	@command -v cargo >/dev/null || { echo "Rust 1.88 or newer is needed; how to get it stands at rustup.rs"; exit 1; }

setup-build: rust ## what building needs
	@scripts/need $(NEED_BUILD)

setup-demo: rust ## what the demo needs
	@scripts/need $(NEED_DEMO)
	@if [ -n "$(LAN)" ]; then scripts/need --wish qrencode=qrencode; fi

setup-test: rust ## what the tests need
	@scripts/need $(NEED_TEST)
	@scripts/need-nextest
	@scripts/need-axe
	@scripts/need-packagers

setup-package: rust ## what packaging needs
	@scripts/need $(NEED_PACKAGE)
	@scripts/need-packagers

setup-bench: rust ## what the benchmark needs
	@scripts/need $(NEED_BENCH)
