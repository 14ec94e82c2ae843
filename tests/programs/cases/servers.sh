# shellcheck shell=bash disable=SC2034
# redis on a unix socket: a benchmark with pipelines, a known load and its digest, a fork to save.
# SPDX-License-Identifier: MIT
packages="redis-tools"
processes="redis-check-* redis-cli redis-benchmark"

prepare() {
    awk 'BEGIN { for (i = 0; i < 20000; i++) {
        printf "SET k%d %0*d\r\n", i, i % 300 + 1, i
        printf "RPUSH l%d v%d\r\n", i % 50, i
        printf "ZADD z%d %d m%d\r\n", i % 20, i * 7919 % 1013, i
        printf "HSET h%d f%d %d\r\n", i % 500, i, i * 3 } }' >commands
    printf '%s\r\n' 'DEL l7 z3' 'EXPIRE k1 1000000' 'APPEND k2 tail' >>commands
}

# Debian's server is the program redis-check-rdb under another name; with that name no package is needed that would
# start a service on the machine.
start_server() {
    (exec -a redis-server "$(type -P redis-check-rdb)" --port 0 --unixsocket "$PWD/socket" \
        --dir "$PWD" --save '' --appendonly no --enable-debug-command yes --activedefrag no \
        --io-threads 3 --daemonize no >server.log 2>&1) &
    server=$!
    trap 'kill "$server" 2>/dev/null || true; wait "$server" || true' EXIT
    for _ in {1..100}; do
        [[ $(cli ping 2>/dev/null) != PONG ]] || return 0
        sleep 0.1
    done
    tail server.log
    return 1
}

cli() { redis-cli -s socket "$@"; }

program_redis() {
    start_server
    redis-benchmark -s socket -n 8000 -c 30 -P 8 -r 5000 -d 100 -q \
        -t set,get,incr,lpush,rpop,sadd,hset,zadd,mset >benchmark
    # Rates differ from run to run; the number of commands does not.
    tr '\r' '\n' <benchmark | sed -n 's/: [0-9.]* requests per second.*//p' | sort -u
    cli flushall
    cli --pipe <"$INPUT/commands" | tail -n 1
    cli dbsize
    cli debug digest
    cli eval 'local t = {} for i = 1, 3000 do t[i] = redis.call("get", "k" .. i) end
        return #table.concat(t)' 0
    cli bgsave
    while [[ $(cli info persistence) == *rdb_bgsave_in_progress:1* ]]; do sleep 0.1; done
    cli info persistence | tr -d '\r' | grep rdb_last_bgsave_status
    redis-check-rdb dump.rdb | grep -c 'keys read'
    cli debug reload
    cli debug digest
    cli shutdown nosave
    wait "$server"
}
