package matrix

import (
	"fmt"
	"strings"
)

// Markdown returns the rows as tables, one a peer, and below them where the two sides differ. What is written depends on the rows
// alone;.
func Markdown(rows []Row) string {
	var b strings.Builder
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Peer == rows[0].Peer {
			n++
		}
		table(&b, rows[:n])
		rows = rows[n:]
	}
	return b.String()
}

func table(b *strings.Builder, rows []Row) {
	fmt.Fprintf(b, "\n## %s\n\n| what | version | direction | cases | changed, refused | differ |\n|---|---|---|---:|---:|---|\n", rows[0].Peer)
	var notes []string
	for _, r := range rows {
		note := ""
		if r.Differ != "" {
			notes = append(notes, r.Differ+" *Who is right:* "+r.Right)
			note = fmt.Sprint(len(notes))
		}
		tampered := ""
		if r.Tampered > 0 {
			tampered = fmt.Sprint(r.Tampered)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %d | %s | %s |\n", cell(r.What), cell(r.Version), r.Direction, r.Cases, tampered, note)
	}
	if len(notes) > 0 {
		b.WriteString("\n")
	}
	for i, n := range notes {
		fmt.Fprintf(b, "%d. %s\n", i+1, n)
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
