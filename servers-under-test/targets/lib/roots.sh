# shellcheck shell=bash
# Sourced by target. The file systems that servers run on, made once per server and kept in the
# cache. Two ways, with the same result for whoever runs on it:
#   overlay  the server's packages in a layer over the machine's root. The layer is kept as a tar
#            and unpacked into memory for each instance: the kernel takes no layer that lies
#            inside another one, and the cache lies inside the machine's root.
#   own      a minimal Debian root with the server's packages, where overlays are refused or where
#            the machine's root is spread over several file systems.
# All of it happens in mount and PID namespaces of its own; the machine sees only the cache.
# Needs from the caller: cache, way, name, state, here, packages, die, cannot.
# shellcheck disable=SC2154

namespaces=(unshare --mount --pid --uts --fork --kill-child --propagation private)

# ---- what this machine allows ----

require_namespaces() {
    local why
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
        cannot "the servers come as Debian packages, and this machine has no apt"
    fi
    command -v unshare >/dev/null || cannot "real servers need unshare (package util-linux)"
    why=$("${namespaces[@]}" mount -t tmpfs tmpfs /mnt 2>&1) && return
    why="this machine refuses namespaces or mounts (${why##*: })"
    [[ -e /proc/self/ns/mnt ]] || why+="; /proc is not mounted"
    [[ $why != *'Invalid argument'* ]] ||
        why+="; in a chroot, the new root must be a mount point (mount --bind ROOT ROOT)"
    cannot "$why"
}

overlay_works() {
    mkdir -p "$cache/mnt"
    # shellcheck disable=SC2016
    "${namespaces[@]}" bash -c '
        mount -t tmpfs tmpfs "$1" && mkdir "$1"/{upper,work,root} &&
        mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root" &&
        test -s "$1/root/etc/passwd" && test -s "$1/root/var/lib/dpkg/status" &&
        chroot "$1/root" /usr/bin/dpkg --version' bash "$cache/mnt" >/dev/null 2>&1
}

choose_way() {
    [[ $way == auto ]] || return 0
    if overlay_works; then way=overlay; else way=own; fi
}

# ---- in the namespaces ----

# The machine's devices, processes and run directory are not ours: what runs in the root sees
# an empty /run (so no service manager), its own processes, and five harmless devices.
mount_around() {
    local root=$1 device
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=0755 tmpfs "$root/run"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
    for device in null zero full random urandom tty; do
        : >"$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    ln -s /proc/self/fd "$root/dev/fd"
    mkdir -m 1777 "$root/dev/shm" "$root/run/lock"
    [[ -d $root/var/tmp ]] && mount -t tmpfs -o mode=1777 tmpfs "$root/var/tmp"
}

mount_overlay() {
    local base=$1
    mkdir -p "$base"
    mount -t tmpfs -o mode=0755 tmpfs "$base"
    mkdir "$base"/{upper,work,root}
    if [[ -n ${2:-} ]]; then
        tar -C "$base/upper" --xattrs --xattrs-include='*' --numeric-owner -xpf "$2"
    fi
    mount -t overlay overlay \
        -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
}

# Mounts the installed root, read-only, at $cache/mnt/root. $base is the only name for it.
root_mount() {
    local base=$cache/mnt
    mkdir -p "$base"
    if [[ $way == overlay ]]; then
        mount_overlay "$base" "$cache/$name.overlay.tar"
    else
        mount -t tmpfs -o mode=0755 tmpfs "$base"
        mkdir "$base/root"
        mount --bind "$cache/$name.own" "$base/root"
    fi
    mount_around "$base/root"
    mkdir "$base/root/run/target" "$base/root/run/scripts"
    mount --bind "$state/inside" "$base/root/run/target"
    mount --bind "$here" "$base/root/run/scripts"
    mount -o remount,bind,ro "$base/root/run/scripts"
    mount -o remount,bind,ro "$base/root"
}

# Maintainer scripts must start nothing, and some want a host name that resolves.
prepare_root() {
    local root=$1
    hostname mail.mailassay.test
    printf '127.0.0.1 mail.mailassay.test mail localhost\n' >"$root/etc/hosts"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    local resolver=/etc/resolv.conf
    if [[ -L $resolver && -e $resolver ]]; then
        rm -f "$root$resolver"
        cat "$resolver" >"$root$resolver"
    fi
}

# Mail belongs to a user of the root's own.
finish_root() {
    chroot "$1" useradd --system --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin mailstore
}

# The tar takes away what only the installation needed.
overlay_install_inside() {
    local base=$cache/mnt apt=(apt-get -y -q --no-install-recommends
        -o Dpkg::Options::=--force-unsafe-io -o Dpkg::Options::=--force-confnew
        -o Dpkg::Options::=--path-exclude=/usr/share/doc/* -o Dpkg::Options::=--path-exclude=/usr/share/man/*)
    mount_overlay "$base"
    mount_around "$base/root"
    prepare_root "$base/root"
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C
    # shellcheck disable=SC2086
    chroot "$base/root" "${apt[@]}" install $packages ||
        { chroot "$base/root" apt-get -q update &&
            chroot "$base/root" "${apt[@]}" install $packages; }
    finish_root "$base/root"
    umount -R "$base/root"
    rm -rf "$base"/upper/var/{lib/apt,cache} "$base"/upper/{run,tmp}
    tar -C "$base/upper" --xattrs --xattrs-include='*' --numeric-owner -cpf "$1" .
}

# ---- a root of its own ----

# apt on the machine works out and fetches everything that an empty Debian would need, with its
# sources and settings but none of its state.
own_fetch() {
    local dir=$1 option
    mkdir -p "$dir/archives/partial" "$dir/lists/partial"
    : >"$dir/status"
    local apt=(apt-get -y -q --no-install-recommends -o APT::Sandbox::User=root
        -o "Dir::State::status=$dir/status" -o "Dir::State::extended_states=$dir/extended"
        -o "Dir::Cache=$dir" -o "Dir::Cache::archives=$dir/archives/" -o Debug::NoLocking=1
        -o Dir::Log=/ -o Dir::Log::History= -o Dir::Log::Terminal=)
    # shellcheck disable=SC2086
    for option in '' "Dir::State::Lists=$dir/lists"; do
        [[ -z $option ]] || { apt+=(-o "$option") && "${apt[@]}" update; } || return
        "${apt[@]}" install --download-only '?essential' usr-is-merged $packages && return
    done
    return 1
}

own_install_inside() {
    local root=$1 dir=$2 deb link
    mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{proc,run,tmp,dev,var/tmp,etc,var/lib/dpkg}
    for link in bin sbin lib lib64; do ln -s "usr/$link" "$root/$link"; done
    : >"$root/var/lib/dpkg/status"
    mount_around "$root"
    # Unpacked without their scripts first, so that the scripts find a system to run on.
    for deb in "$dir"/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -C "$root" --keep-directory-symlink -xpf -
    done
    prepare_root "$root"
    mkdir "$root/run/debs"
    mount --bind "$dir/archives" "$root/run/debs"
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C DEBCONF_NOWARNINGS=yes
    chroot "$root" bash -c 'dpkg --force-unsafe-io --force-depends --install /run/debs/base-passwd_*.deb &&
        dpkg --force-unsafe-io --force-depends --force-confnew --install /run/debs/*.deb'
    chroot "$root" dpkg --configure --pending
    finish_root "$root"
}

# ---- install ----

# What the installed root depends on: another list of packages, another Debian, and for an overlay
# any change to what lies below it.
root_stamp() {
    local root_files=(/etc/os-release)
    [[ $way == own ]] || root_files+=(/var/lib/dpkg/status /etc/passwd /etc/group)
    { printf '%s\n' "$way" "$packages"; cat "${root_files[@]}" "$here/lib/roots.sh"; } |
        sha256sum | cut -d' ' -f1
}

install_again() {
    local new=$cache/$name.$way.new log=$cache/$name.install.log kept
    rm -rf --one-file-system "$new" "$cache/$name.apt" "$cache/$name.$way.stamp"
    if [[ $way == overlay ]]; then
        kept=$cache/$name.overlay.tar
        in_namespaces overlay_install_inside "$new"
    else
        kept=$cache/$name.own
        own_fetch "$cache/$name.apt" &&
            in_namespaces own_install_inside "$new" "$cache/$name.apt" &&
            rm -rf "$cache/$name.apt"
    fi >"$log" 2>&1 </dev/null || die "installing $name failed; $log ends with: $(tail -n 3 "$log")"
    rm -rf --one-file-system "$kept"
    mv "$new" "$kept"
    root_stamp >"$cache/$name.$way.stamp"
}

# Runs one of the functions above in namespaces of its own.
in_namespaces() {
    # shellcheck disable=SC2016
    cache=$cache way=$way name=$name here=$here packages=$packages "${namespaces[@]}" \
        bash -euo pipefail -c '. "$here/lib/roots.sh"; "$@"' bash "$@"
}

root_install() {
    require_namespaces
    mkdir -p "$cache"
    choose_way
    exec 8>"$cache/$name.lock"
    flock 8
    if [[ $(cat "$cache/$name.$way.stamp" 2>/dev/null) != "$(root_stamp)" ]]; then
        printf 'target: installing %s (%s) into %s\n' "$name" "$way" "$cache" >&2
        install_again
    fi
    exec 8>&-
}
