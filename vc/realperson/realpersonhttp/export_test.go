package realpersonhttp

import (
	"iter"
	"strconv"

	"github.com/realdid/realdid/internal/strictjson"
)

// Codes yields every code with its status.
func Codes() iter.Seq2[Code, string] {
	return func(yield func(Code, string) bool) {
		for _, r := range rows {
			if !yield(r.code, strconv.Itoa(r.status)) {
				return
			}
		}
	}
}

// ParseResult is what a client does with an answer.
func ParseResult(b []byte) (*Result, error) {
	v, err := strictjson.Parse(b, answerLimits)
	if err != nil {
		return nil, err
	}
	return parseResult(v)
}
