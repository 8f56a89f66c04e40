// Program bench measures the operations that other libraries are measured in too, and prints rows that line up with theirs.
//
//	bench list                               the names of the cases, one a line
//	bench CASE [THREADS [SECONDS [ROUNDS]]]  one row: 1 thread, 1 second a round, 5 rounds unless said otherwise
//	bench scale IDENTITIES [DIR]             what an embedded ledger of so many identities costs, with log and map
//
// A row has eleven columns, separated by tabs: operation, peer, operations per second (median of the rounds), median latency in µs,
// peak resident memory in MiB, threads, 99th percentile of the latency in µs, CPU time of the whole process per operation in µs
// (collector included), bytes and objects allocated per operation, and the spread of the rounds in percent of their median.
// "-" stands for what the system does not tell. One process measures one case, so that none warms another.
//
// Cases whose operation starts with "floor:" are what an operation is made of, in the standard library or a bare file: ratios
// against them hold on any machine.
//
// Exit status: 0 measured, 1 an operation failed or gave a wrong result, 3 usage.
package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	cases := allCases()
	if len(args) == 1 && args[0] == "list" {
		for _, c := range cases {
			fmt.Fprintln(stdout, c.name)
		}
		return 0
	}
	if len(args) > 0 && args[0] == "scale" {
		n, dir, err := parseScale(args[1:])
		if err != nil {
			return misused(stderr, err)
		}
		if err := runScale(n, dir, stdout, stderr); err != nil {
			fmt.Fprintf(stderr, "bench: scale: %v\n", err)
			return 1
		}
		return 0
	}
	name, plan, err := parse(args)
	if err != nil {
		return misused(stderr, err)
	}
	i := slices.IndexFunc(cases, func(c benchCase) bool { return c.name == name })
	if i < 0 {
		fmt.Fprintf(stderr, "bench: no case %s: see bench list\n", name)
		return 3
	}
	row, err := cases[i].measure(plan)
	if err != nil {
		fmt.Fprintf(stderr, "bench: %s: %v\n", name, err)
		return 1
	}
	fmt.Fprintln(stdout, row)
	return 0
}

func misused(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "bench: %v\nusage: bench list | bench CASE [THREADS [SECONDS [ROUNDS]]] | bench scale IDENTITIES [DIR]\n", err)
	return 3
}

func parse(args []string) (string, plan, error) {
	p := plan{threads: 1, seconds: 1, rounds: 5}
	if len(args) == 0 || len(args) > 4 {
		return "", p, fmt.Errorf("got %d arguments", len(args))
	}
	var err error
	if len(args) > 1 {
		if p.threads, err = strconv.Atoi(args[1]); err != nil || p.threads < 1 || p.threads > maxThreads {
			return "", p, fmt.Errorf("THREADS is %q, want 1 to %d", args[1], maxThreads)
		}
	}
	if len(args) > 2 {
		if p.seconds, err = strconv.ParseFloat(args[2], 64); err != nil || !(p.seconds > 0 && p.seconds <= 3600) {
			return "", p, fmt.Errorf("SECONDS is %q, want a number above 0, at most 3600", args[2])
		}
	}
	if len(args) > 3 {
		if p.rounds, err = strconv.Atoi(args[3]); err != nil || p.rounds < 1 || p.rounds > 1000 {
			return "", p, fmt.Errorf("ROUNDS is %q, want 1 to 1000", args[3])
		}
	}
	return args[0], p, nil
}
