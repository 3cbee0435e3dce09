package tally

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNativeProgress holds what the watchdog is told while a log is written.
func TestNativeProgress(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, log string
		want      Progress
	}{
		{"Go, a test runs", "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n", Progress{Test: "TestB", Last: "TestA"}},
		{
			"Go's events", `{"Action":"run","Package":"a","Test":"TestA"}` + "\n" + `{"Action":"pass","Package":"a","Test":"TestA"}` + "\n" + `{"Action":"run","Package":"a","Test":"TestB"}` + "\n",
			Progress{Test: "TestB", Last: "TestA"},
		},
		{"GoogleTest", "[==========] Running 2 tests from 1 test suite.\n[ RUN      ] A.B\n[       OK ] A.B (0 ms)\n[ RUN      ] A.C\n", Progress{Test: "A.C", Last: "A.B"}},
		{"CTest", "Test project /src\n    Start 1: good\n1/2 Test #1: good ....   Passed    0.00 sec\n    Start 2: slow\n", Progress{Test: "slow", Last: "good"}},
		{"XCTest", "Test Case '-[A b]' started.\n", Progress{Test: "-[A b]"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := NewReader()
			_, _ = r.Write([]byte(tt.log))
			if diff := cmp.Diff(r.Progress(), tt.want); diff != "" {
				t.Errorf("progress differs (-got +want):\n%s", diff)
			}
		})
	}
	finished := map[string]string{
		"gotestsum-pass": "gotestsum", "pytest-pass": "pytest", "pytest-pass-q": "pytest", "unittest-pass": "unittest", "rspec-pass": "RSpec",
		"minitest-mp": "minitest", "testunit-tup": "test-unit", "phpunit-pass": "PHPUnit", "cargo-pass": "cargo test", "ctest-pass": "CTest",
		"gtest-pass": "GoogleTest", "catch-cpass": "Catch2", "doctest-dpass": "doctest", "boost-bpass": "Boost.Test", "busted-pass": "busted", "behave-pass": "behave",
		"pytest-early": "", "gtest-early": "", "cargo-early": "", "phpunit-early": "", "minitest-me": "",
	}
	for log, tool := range finished {
		data, err := os.ReadFile("testdata/native/" + log + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if _, now := read(data); now.Finished != tool {
			t.Errorf("%s: finished is %q, want %q", log, now.Finished, tool)
		}
	}
}
