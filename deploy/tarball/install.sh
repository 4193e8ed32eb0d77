#!/bin/sh
# Installs Gerbang where there is no Debian package: CentOS 7 and newer, and whatever else has systemd.
#
#   sh install.sh              installs, or replaces an older version; starts nothing the first time
#   sh install.sh --remove     takes the program and its units away; configuration and state stay
#   sh install.sh --purge      and these too
#
# DESTDIR=FOLDER puts the files there and asks nothing of the machine that runs this.
set -eu
cd "$(dirname "$0")"
root=${DESTDIR:-}

die() {
    echo "install.sh: $1" >&2
    exit 1
}

on_this_machine() {
    [ -z "$root" ]
}

if on_this_machine && [ "$(id -u)" -ne 0 ]; then
    die "run it as root: sudo sh install.sh"
fi

# Of systemd; 0 where there is none.
systemd() {
    if [ -n "${SYSTEMD_VERSION:-}" ]; then
        echo "$SYSTEMD_VERSION"
    elif command -v systemctl >/dev/null 2>&1; then
        systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p'
    else
        echo 0
    fi
}

running() {
    on_this_machine && [ -d /run/systemd/system ]
}

# Not below /usr/local: sudo of CentOS does not look there.
program=$root/usr/bin/gerbang
units=$root/etc/systemd/system
manual=$root/usr/local/share/man/man8
documents=$root/usr/local/share/doc/gerbang
configuration=$root/etc/gerbang
state=$root/var/lib/gerbang

remove() {
    if running; then
        systemctl disable --now gerbang.socket gerbang.service >/dev/null 2>&1 || true
    fi
    rm -f "$program" "$units/gerbang.service" "$units/gerbang.socket" "$manual"/gerbang*.8
    rm -rf "$documents"
    if [ "$1" = --purge ]; then
        rm -rf "$configuration" "$state" "$root/var/log/gerbang"
    else
        echo "$configuration and $state stay; sh install.sh --purge takes them away too."
    fi
    if running; then
        systemctl daemon-reload
    fi
}

case "${1:-}" in
    --remove | --purge)
        remove "$1"
        exit 0
        ;;
    "") ;;
    *) die "unknown: $1 (--remove, --purge, or nothing)" ;;
esac

version=$(systemd)
[ "$version" -ge 219 ] || die "systemd 219 or newer is needed, this is ${version:-none}"
./gerbang --version >/dev/null || die "the program does not run here: it is for $(cat ARCHITECTURE)"

if on_this_machine && ! id gerbang >/dev/null 2>&1; then
    useradd --system --home-dir /var/lib/gerbang --no-create-home --shell /sbin/nologin \
        --comment "Gerbang, second factor for SPSE" gerbang
fi

install -d -m 755 "$root/usr/bin" "$units" "$manual" "$documents" "$configuration"
# In one step: the old process goes on with the old file.
install -m 755 gerbang "$program.new"
mv -f "$program.new" "$program"
if [ "$version" -ge 240 ]; then
    install -m 644 systemd/gerbang.service "$units/gerbang.service"
else
    install -m 644 systemd/gerbang-219.service "$units/gerbang.service"
fi
install -m 644 systemd/gerbang.socket "$units/"
install -m 644 man/*.8 "$manual/"
cp -R doc/. "$documents/"
[ -e "$configuration/gerbang.toml" ] || install -m 644 gerbang.toml "$configuration/"
install -d -m 700 "$state"
install -d -m 750 "$root/var/log/gerbang"

if ! on_this_machine; then
    exit 0
fi
chown gerbang:gerbang "$state" /var/log/gerbang
# SELinux, where it is: what the files are, and that Apache or nginx may pass requests to the gateway.
if command -v restorecon >/dev/null 2>&1; then
    restorecon "$program" "$units"/gerbang.* || true
    echo "SELinux: once, as root:  setsebool -P httpd_can_network_connect 1"
fi
running || exit 0
systemctl daemon-reload
if systemctl --quiet is-active gerbang.socket; then
    # The socket stays open: who comes meanwhile waits.
    systemctl restart gerbang.service
    echo "Gerbang $("$program" --version | cut -d' ' -f2) serves."
else
    echo "Next: edit /etc/gerbang/gerbang.toml, then"
    echo "    gerbang check && systemctl enable --now gerbang.socket gerbang.service"
fi
