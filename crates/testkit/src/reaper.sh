#!/bin/sh
# Waits until the other end of its standard input closes, then ends every server of the directory $1 and
# removes the directory. A server writes its process id into $1/<name>.pid before it starts, and does not
# start once $1/closed exists.
dir=$1
trap '' INT TERM HUP QUIT
while read -r _; do :; done
: >"$dir/closed"

parents() {
    if [ -r /proc/self/stat ]; then
        for stat in /proc/[0-9]*/stat; do
            read -r line <"$stat" || continue
            pid=${line%% *}
            rest=${line##*) }
            rest=${rest#* }
            echo "$pid ${rest%% *}"
        done 2>/dev/null
    else
        ps -A -o pid=,ppid=
    fi
}

# PostgreSQL's backends leave the postmaster's process group, so the tree is walked, frozen from its roots
# until no new process turns up, and killed as a whole.
tree=' '
for file in "$dir"/*.pid; do
    [ -s "$file" ] || continue
    read -r pid <"$file"
    kill -STOP "$pid" 2>/dev/null && tree="$tree$pid "
done
grown=$tree
while [ "$grown" != ' ' ]; do
    grown=' '
    pairs=$(parents)
    while read -r pid parent; do
        case $tree in *" $pid "*) continue ;; esac
        case $tree in
        *" $parent "*)
            kill -STOP "$pid" 2>/dev/null
            tree="$tree$pid "
            grown="$grown$pid "
            ;;
        esac
    done <<PAIRS
$pairs
PAIRS
done
for pid in $tree; do
    kill -KILL "$pid" 2>/dev/null
done

# A killed postmaster leaves its System V segment behind; the seventh line of its pid file names it.
for file in "$dir"/*/postmaster.pid; do
    [ -s "$file" ] || continue
    read -r _ segment <<LINE
$(sed -n 7p "$file")
LINE
    [ -n "$segment" ] && ipcrm -m "$segment" 2>/dev/null
done

[ -d "$dir/mount" ] && umount -l "$dir/mount" 2>/dev/null

# A dying process may still add a file while the directory goes.
tries=0
while [ -e "$dir" ] && [ "$tries" -lt 200 ]; do
    rm -rf "$dir" 2>/dev/null || sleep 0.01
    tries=$((tries + 1))
done
