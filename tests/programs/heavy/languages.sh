# shellcheck shell=bash disable=SC2034
# Interpreters and run-time systems that bring a collector, threads or processes of their own.
# SPDX-License-Identifier: MIT
packages=""

packages_r="r-base-core"
processes_r="R"
program_r() {
    R --vanilla --slave -e '
        set.seed(7)
        x <- lapply(1:3000, function(i) rnorm(i %% 400 + 1))
        print(sum(sapply(x, length)))
        m <- matrix(rnorm(90000), 300)
        print(round(sum(diag(solve(m) %*% m)), 6))
        d <- data.frame(k = (1:50000 * 7919) %% 101, v = 1:50000)
        print(head(aggregate(v ~ k, d, sum)))
        s <- vapply(1:20000, function(i) paste(rep("a", i %% 50), collapse = ""), "")
        print(sum(nchar(gsub("aa", "b", s))))'
}

packages_luajit="luajit"
processes_luajit="luajit*"
program_luajit() {
    luajit - <<'LUA'
local ffi = require("ffi")
ffi.cdef("void *malloc(size_t); void free(void *);")
local t, sum = {}, 0
for i = 1, 100000 do
    t[i % 5000] = ("x"):rep(i % 60)
    local p = ffi.C.malloc(i % 5000 + 1)
    ffi.cast("char *", p)[0] = i % 100
    sum = sum + ffi.cast("char *", p)[0]
    ffi.C.free(p)
end
print(sum, #table.concat(t))
LUA
}

packages_guile="guile-3.0"
processes_guile="guile*"
program_guile() {
    GUILE_AUTO_COMPILE=0 guile -c '
        (define t (make-hash-table))
        (do ((i 0 (+ i 1))) ((= i 60000))
          (hashv-set! t (modulo (* i 7919) 10007) (make-string (modulo i 60) #\x)))
        (display (hash-fold (lambda (k v n) (+ n (string-length v))) 0 t)) (newline)
        (display (string-length (number->string (expt 7 20000)))) (newline)'
}

packages_swipl="swi-prolog-nox"
processes_swipl="swipl*"
program_swipl() {
    swipl -q -g 'numlist(1, 60000, L), foldl([X, A, B]>>(B is (A * 31 + X) mod 1000003), L, 7, S), print(S), nl,
        findall(X-Y, (between(1, 300, X), Y is X * 7919 mod 101), P), keysort(P, Q), length(Q, N), print(N), nl,
        concurrent_maplist([A, B]>>(numlist(1, A, M), sum_list(M, B)), [1000, 2000, 3000, 4000], R), print(R), nl' \
        -t halt
}

packages_erlang="erlang-base"
processes_erlang="beam.smp"
program_erlang() {
    erl -noshell -eval '
        Me = self(),
        [spawn(fun() -> L = lists:seq(1, 20000 + N), M = maps:from_list([{X rem 997, integer_to_binary(X)} || X <- L]),
            Me ! {N, maps:size(M), byte_size(iolist_to_binary(maps:values(M)))} end) || N <- lists:seq(1, 20)],
        R = [receive {N, A, B} -> {N, A, B} end || N <- lists:seq(1, 20)],
        io:format("~p~n", [R]), halt().'
}

# Its own heap is far from malloc; the run-time library is not.
packages_sbcl="sbcl"
processes_sbcl="sbcl"
program_sbcl() {
    sbcl --noinform --non-interactive --no-userinit --eval '
        (let ((table (make-hash-table)))
          (dotimes (i 100000) (push i (gethash (mod (* i 7919) 1009) table)))
          (format t "~a ~a~%" (hash-table-count table)
                  (loop for v being the hash-values of table sum (length v)))
          (let ((p (loop for i from 1 to 3000 collect (sb-alien:make-alien (sb-alien:unsigned 8) i))))
            (mapc (function sb-alien:free-alien) p))
          (format t "~a~%" (integer-length (expt 7 20000))))'
}

packages_octave="octave"
processes_octave="octave*"
program_octave() {
    octave-cli --norc --quiet --eval '
        a = reshape(mod((1:250000) * 7919, 1013), 500, 500);
        printf("%.6g %.6g\n", sum(sum(a * a)), trace(a));
        c = cell(1, 3000); for i = 1:3000, c{i} = repmat("x", 1, mod(i, 70)); end
        printf("%d\n", numel(strjoin(c, ",")));
        printf("%.6f\n", norm(inv(a + 5000 * eye(500)) * (a + 5000 * eye(500)) - eye(500)) < 1e-6);'
}

packages_emacs="emacs-nox"
processes_emacs="emacs*"
program_emacs() {
    emacs --batch --quick --eval '(let ((table (make-hash-table)) (sum 0))
        (dotimes (i 60000) (push (number-to-string i) (gethash (% (* i 7919) 1009) table)))
        (maphash (lambda (k v) (setq sum (+ sum (length (mapconcat (function identity) v ""))))) table)
        (princ (format "%d\n" sum))
        (with-temp-buffer
          (dotimes (i 20000) (insert (format "line %d\n" i)))
          (goto-char (point-min))
          (while (re-search-forward "[02468]$" nil t) (replace-match "even"))
          (princ (format "%d\n" (buffer-size)))))' 2>&1
}

packages_vim="vim-nox"
processes_vim="vim*"
program_vim() {
    seq 1 30000 >lines
    vim -e -s -u NONE -N -c 'g/7/s/\d/x&/g' -c 'sort! n' -c '%!tac' -c 'wq' lines
    sha256sum lines
}

# Two threads take what the other allocated, beside the collector.
packages_ruby="ruby"
processes_ruby="ruby*"
program_ruby() {
    ruby -e '
        queues = [Queue.new, Queue.new]
        takers = queues.map { |q| Thread.new { n = 0; while (s = q.pop); n += s.size; end; n } }
        makers = 4.times.map { |k| Thread.new { 20000.times { |i| queues[i % 2] << "x" * (i * k % 700) } } }
        makers.each(&:join)
        queues.each { |q| q << nil }
        puts takers.map(&:value).sum
        r = 4.times.map { |n| Ractor.new(n) { |m| (1..30000).map { |i| (i * m).to_s }.join.size } }
        puts r.map(&:take).inspect' 2>/dev/null
}
