#!/bin/sh
# Make a base image of Debian's own packages, for where no image registry can be reached:
#   docker/base.sh TAG
# It needs root and debootstrap. The Dockerfiles take the tag as BASE_IMAGE; `make image` does so by itself.
set -eu

tag="$1"
suite="${SUITE:-trixie}" # its Python is 3.13, as the official image's that it stands in for
mirror="${MIRROR:-http://deb.debian.org/debian}"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$work/root" "$mirror" >"$work/log" 2>&1 ||
  { tail -20 "$work/log" >&2; exit 1; }

# What slim images leave out as well.
cd "$work/root"
rm -rf var/lib/apt/lists/* var/cache/apt/* var/cache/debconf/* var/log/* tmp/* dev/* proc/* sys/* \
  usr/share/man usr/share/info usr/share/locale usr/lib/*/gconv
find usr/share/doc -mindepth 1 ! -name copyright ! -type d -delete
find usr/share/doc -mindepth 1 -type d -empty -delete

tar -c . | docker import \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change 'ENV LANG=C.UTF-8' \
  --change 'CMD ["python3"]' \
  - "$tag"
