# shellcheck shell=bash disable=SC2034
# Compilers of other languages, and a project that builds itself: with make -j, and with ninja.
# SPDX-License-Identifier: MIT
packages="g++ cmake make ninja-build"

prepare() {
    mkdir project
    {
        echo 'cmake_minimum_required(VERSION 3.22)'
        echo 'project(sums CXX)'
        echo 'set(CMAKE_CXX_STANDARD 17)'
        echo 'file(GLOB PARTS part*.cpp)'
        # shellcheck disable=SC2016 # cmake expands
        echo 'add_executable(sums main.cpp ${PARTS})'
    } >project/CMakeLists.txt
    local i declared='' called=''
    for i in {1..5}; do
        cat >"project/part$i.cpp" <<CPP
#include <algorithm>
#include <map>
#include <string>
#include <vector>
long part$i() {
    std::map<std::string, std::vector<int>> table;
    for (int k = 0; k < 2000; k++) table[std::to_string(k * $i % 97)].push_back(k);
    long sum = 0;
    for (auto &[name, list] : table)
        if (name.find(char('0' + $i)) != std::string::npos)
            sum += *std::max_element(list.begin(), list.end());
    return sum;
}
CPP
        declared+="long part$i(); " called+=" + part$i()"
    done
    printf '#include <cstdio>\n%s\nint main() { std::printf("%%ld\\n", 0%s); }\n' "$declared" "$called" \
        >project/main.cpp
}

# The tool's output tells the order of jobs, which differs.
build_with() {
    cmake -S "$INPUT/project" -B built -G "$1" >configured
    cmake --build built -j 2 >log
    ./built/sums
    cmake --build built --target clean
}

program_make() { build_with "Unix Makefiles"; }
processes_make="cmake cc1plus sums"

processes_ninja="cmake ninja cc1plus sums"
program_ninja() { build_with Ninja; }

packages_ghc="ghc"
processes_ghc="ghc*"
program_ghc() {
    cat >Main.hs <<'HS'
import qualified Data.Map.Strict as M
import Data.List (foldl')
main :: IO ()
main = do
  let m = foldl' (\t k -> M.insertWith (++) (k * 7919 `mod` 997) [k] t) M.empty [1 .. 30000 :: Int]
  print (M.size m, sum (map length (M.elems m)))
  print (take 3 (M.toList (M.map sum m)))
HS
    ghc -O1 Main.hs -o main >log
    ./main
}

packages_go="golang-go gcc libc6-dev"
processes_go="go main"
program_go() {
    cat >main.go <<'GO'
package main

/*
#include <stdlib.h>
#include <string.h>
static char *repeat(char c, int n) { char *p = malloc(n + 1); memset(p, c, n); p[n] = 0; return p; }
*/
import "C"
import (
	"fmt"
	"sync"
	"unsafe"
)

func main() {
	var all sync.WaitGroup
	sums := make([]int, 16)
	for g := range sums {
		all.Add(1)
		go func(g int) {
			defer all.Done()
			for i := 0; i < 5000; i++ {
				p := C.repeat(C.char('a'+g), C.int(i%3000))
				sums[g] += len(C.GoString(p))
				C.free(unsafe.Pointer(p))
			}
		}(g)
	}
	all.Wait()
	fmt.Println(sums)
}
GO
    GOCACHE=$PWD/cache GO111MODULE=off CGO_ENABLED=1 go build -o main main.go
    ./main
    rm -rf cache
}

packages_rustc="rustc"
processes_rustc="rustc main"
program_rustc() {
    cat >main.rs <<'RS'
use std::collections::BTreeMap;
use std::thread;
fn main() {
    let all: Vec<_> = (1..8u64).map(|n| thread::spawn(move || {
        let mut table: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for i in 0..20000 { table.entry(i * n % 991).or_default().push(format!("{}", i * n)); }
        table.values().map(|list| list.concat().len()).sum::<usize>()
    })).collect();
    for one in all { println!("{}", one.join().unwrap()); }
}
RS
    /usr/bin/rustc -O main.rs -o main # a rustup in PATH would want its HOME
    ./main
}

packages_ocaml="ocaml-nox"
processes_ocaml="ocamlc*"
program_ocaml() {
    cat >main.ml <<'ML'
module M = Map.Make (Int)
let () =
  let m = ref M.empty in
  for i = 1 to 100000 do m := M.add (i * 7919 mod 10007) (String.make (i mod 50) 'x') !m done;
  Printf.printf "%d %d\n" (M.cardinal !m) (M.fold (fun _ s n -> n + String.length s) !m 0)
ML
    ocamlc main.ml -o main
    ./main
}

packages_java="openjdk-17-jdk-headless"
processes_java="java*"
program_java() {
    cat >Main.java <<'JAVA'
import java.util.*;
import java.util.stream.*;

public class Main {
    public static void main(String[] arguments) throws Exception {
        List<Thread> threads = new ArrayList<>();
        long[] sums = new long[6];
        for (int n = 0; n < sums.length; n++) {
            int own = n;
            threads.add(new Thread(() -> {
                Map<Integer, List<String>> table = new HashMap<>();
                for (int i = 0; i < 100000; i++)
                    table.computeIfAbsent(i * 7919 % 1013, k -> new ArrayList<>()).add("v" + i * own);
                sums[own] = table.values().stream().flatMap(List::stream).mapToLong(String::length).sum();
            }));
        }
        for (Thread thread : threads) thread.start();
        for (Thread thread : threads) thread.join();
        System.out.println(LongStream.of(sums).boxed().collect(Collectors.toList()));
        java.util.zip.Deflater packer = new java.util.zip.Deflater();
        packer.setInput(new byte[4000000]);
        packer.finish();
        System.out.println(packer.deflate(new byte[100000]));
    }
}
JAVA
    javac Main.java
    local collector
    for collector in SerialGC G1GC ParallelGC ZGC; do
        java -Xmx300m "-XX:+Use$collector" Main
    done
}
