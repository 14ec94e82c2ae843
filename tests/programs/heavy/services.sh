# shellcheck shell=bash disable=SC2034
# Servers under load: processes that fork for each client, or a thread for each, or one for all.
# SPDX-License-Identifier: MIT
packages=""

# postgres refuses to run as root.
as_anyone() {
    if ((EUID == 0)); then
        setpriv --reuid nobody --regid nogroup --clear-groups "$@"
    else
        "$@"
    fi
}

packages_postgres="postgresql postgresql-contrib"
processes_postgres="initdb postgres pgbench psql"
program_postgres() {
    bin=$(find /usr/lib/postgresql -name initdb -printf '%h\n' | sort -V | tail -n 1)
    ((EUID != 0)) || chown nobody .
    as_anyone "$bin/initdb" -D data -U me --auth=trust --no-sync >log
    as_anyone "$bin/pg_ctl" -D data -o "-c listen_addresses= -c unix_socket_directories=$PWD -c fsync=off" \
        -l server.log -w start >>log
    trap 'as_anyone "$bin/pg_ctl" -D data -m immediate stop >/dev/null 2>&1 || true' EXIT
    as_anyone "$bin/createdb" -h "$PWD" -U me base
    as_anyone "$bin/pgbench" -h "$PWD" -U me -i -s 2 -q base >>log 2>&1
    as_anyone "$bin/pgbench" -h "$PWD" -U me -c 6 -j 2 -t 60 --random-seed=7 base 2>&1 | grep 'actually processed'
    as_anyone "$bin/psql" -h "$PWD" -U me -At base -c 'select count(*), sum(aid) from pgbench_accounts' \
        -c 'select count(*) from pgbench_history' \
        -c "select md5(string_agg(i::text || repeat('x', i % 50), ',' order by i)) from generate_series(1, 50000) i"
    as_anyone "$bin/pg_dump" -h "$PWD" -U me base -t pgbench_branches | grep -c COPY
    as_anyone "$bin/pg_ctl" -D data -w stop >>log
    trap - EXIT
    rm -rf data log server.log
}

packages_nginx="nginx-light apache2-utils"
processes_nginx="nginx ab"
program_nginx() {
    mkdir -p www tmp
    chmod 755 . www tmp
    seq 1 20000 >www/numbers
    cat >nginx.conf <<CONF
worker_processes 2; daemon off; pid nginx.pid; error_log error.log; user nobody nogroup;
events { worker_connections 200; }
http {
    access_log off; gzip on; gzip_types *; gzip_min_length 100; client_body_temp_path tmp; proxy_temp_path tmp;
    fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
    server { listen 127.0.0.1:38117; root $PWD/www; location /again { proxy_pass http://127.0.0.1:38117/numbers; } }
}
CONF
    nginx -p "$PWD" -c nginx.conf 2>/dev/null &
    local server=$!
    # shellcheck disable=SC2064 # now
    trap "kill $server 2>/dev/null || true" EXIT
    for _ in {1..100}; do
        ! ab -q -n 1 http://127.0.0.1:38117/numbers >/dev/null 2>&1 || break
        sleep 0.1
    done
    ab -q -n 3000 -c 20 -k http://127.0.0.1:38117/numbers | grep -E '^(Complete|Failed) requests'
    ab -q -n 1000 -c 20 -H 'Accept-Encoding: gzip' http://127.0.0.1:38117/again | grep -E '^(Complete|Failed) requests'
    nginx -p "$PWD" -c nginx.conf -s reload 2>/dev/null
    sleep 0.5
    ab -q -n 500 -c 5 http://127.0.0.1:38117/numbers | grep -E '^(Complete|Failed) requests'
    nginx -p "$PWD" -c nginx.conf -s quit 2>/dev/null
    wait "$server"
    rm -rf tmp error.log
}

packages_memcached="memcached"
processes_memcached="memcached"
program_memcached() {
    memcached -u nobody -s "$PWD/socket" -a 777 -t 4 -m 64 &
    local server=$!
    # shellcheck disable=SC2064 # now
    trap "kill $server 2>/dev/null || true" EXIT
    chmod 777 .
    for _ in {1..100}; do [[ ! -S socket ]] || break; sleep 0.1; done
    python3 - <<'PY'
import socket, threading
def client(n):
    s = socket.socket(socket.AF_UNIX); s.connect("socket"); f = s.makefile("rwb")
    for i in range(1500):
        value = b"x" * (i * n % 3000)
        f.write(b"set k%d-%d 0 0 %d\r\n%s\r\n" % (n, i % 300, len(value), value)); f.flush(); f.readline()
    f.write(b"get k%d-299\r\n" % n); f.flush(); sizes[n] = int(f.readline().split()[3])
sizes = {}
threads = [threading.Thread(target=client, args=(n,)) for n in range(1, 9)]
for t in threads: t.start()
for t in threads: t.join()
print(sorted(sizes.items()))
PY
    kill "$server"
    wait "$server" || true
}

# The server in its bootstrap mode: all of its engine, no network, no service.
packages_mariadb="mariadb-server-core"
processes_mariadb="mariadbd"
program_mariadb() {
    mkdir -p data
    local user=()
    ((EUID != 0)) || { chown nobody . data && user=(--user=nobody); }
    {
        echo 'create database if not exists b; use b;'
        echo 'create table t(a int primary key, s varchar(200)) engine=InnoDB;'
        for i in {1..400}; do echo "insert into t values($i, repeat('x', $i % 200));"; done
        echo 'create index s on t(s(20));'
        echo "select count(*), sum(length(s)), md5(group_concat(a order by a)) into outfile '$PWD/result' from t;"
    } >commands
    mariadbd --no-defaults --bootstrap "${user[@]}" --datadir="$PWD/data" --lc-messages-dir=/usr/share/mysql \
        --innodb-buffer-pool-size=32M --secure-file-priv= <commands >log 2>&1 || tail -n 5 log
    cat result
    rm -rf data log
}
