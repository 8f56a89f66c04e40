package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestOnePlaceForConnections keeps everything that connects or listens in network.go, where --offline is obeyed. What the libraries
// would connect with by themselves counts as well.
func TestOnePlaceForConnections(t *testing.T) {
	connects := map[string][]string{
		"net":          {"Dial", "DialTimeout", "Dialer", "Listen", "ListenTCP", "ListenConfig", "ListenPacket"},
		"http":         {"Client", "DefaultClient", "DefaultTransport", "Transport", "Get", "Post", "Head", "PostForm", "ListenAndServe"},
		"httpledger":   {"NewClient"},
		"witness":      {"NewClient", "NewHTTPSource"},
		"webfetch":     {"NewClient"},
		"httpresolver": {"New"},
		"tls":          {"Dial", "Listen"},
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(connects[x.Name], s.Sel.Name) {
				if seen++; e.Name() != "network.go" {
					t.Errorf("%s uses %s.%s, which belongs into network.go", e.Name(), x.Name, s.Sel.Name)
				}
			}
			return true
		})
	}
	if seen < 5 {
		t.Errorf("found %d connections in network.go: this test looks for the wrong names", seen)
	}
}
