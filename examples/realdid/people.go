package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/realperson"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

// A registeredPerson is one of the people in a file of serve authority: what stands in a register of residents, and the code that the
// counter gave the person who showed the document there.
type registeredPerson struct {
	Country  string         `json:"country"`
	Document string         `json:"document"`
	Number   string         `json:"number"`
	Code     string         `json:"code"`
	Claims   map[string]any `json:"claims"`
}

// personName tells persons apart.
type personName struct {
	Country  string `json:"country"`
	Document string `json:"document"`
	Number   string `json:"number"`
}

// maxGuesses is how many wrong codes a person may give, all in all; then the server has to be started again with another code.
const maxGuesses = 5

// minCode keeps codes from being guessed within maxGuesses.
const minCode = 8

// register implements realpersonhttp.People with a file and a private ledger, which says whose record is which.
type register struct {
	claims  []string // the names, which are those of everybody
	people  map[personName]*registeredPerson
	records ledger.Ledger

	mu      sync.Mutex
	guesses map[personName]int
}

// readPeople reads a list of people.
func (a *app) readPeople(path string) (*register, error) {
	b, err := a.readInput(path, "the people")
	if err != nil {
		return nil, err
	}
	var list []*registeredPerson
	if err := decodeStrict(b, &list); err != nil {
		return nil, invalid(`a list of {"country","document","number","code","claims"}`, "--people: %s", firstLine(err.Error()))
	}
	r := &register{people: map[personName]*registeredPerson{}, guesses: map[personName]int{}}
	for i, p := range list {
		if err := r.add(p); err != nil {
			return nil, invalid("", "--people: person %d: %v", i+1, err)
		}
	}
	if len(list) == 0 {
		return nil, invalid("", "--people: nobody stands in the file")
	}
	return r, nil
}

// add takes a person in. Errors name nobody.
func (r *register) add(p *registeredPerson) error {
	switch {
	case p == nil:
		return errors.New("null")
	case len(p.Code) < minCode:
		return fmt.Errorf("the code is shorter than %d characters", minCode)
	case r.people[p.name()] != nil:
		return errors.New("stands twice")
	}
	names := slices.Sorted(maps.Keys(p.Claims))
	if len(r.people) == 0 {
		r.claims = names
	}
	if !slices.Equal(names, r.claims) {
		return errors.New("has other claims than the first: who states more or less than others can be told apart")
	}
	for _, name := range names {
		switch p.Claims[name].(type) {
		case bool, string:
		default:
			return fmt.Errorf("the claim %.40q is neither a boolean nor a string", name)
		}
	}
	r.people[p.name()] = p
	return nil
}

func (p *registeredPerson) name() personName { return personName{p.Country, p.Document, p.Number} }

func (p *registeredPerson) evidence() *realperson.Evidence {
	return &realperson.Evidence{Country: p.Country, Document: p.Document, Number: p.Number, Claims: maps.Clone(p.Claims)}
}

// Identify implements realpersonhttp.People. It takes the same time for a wrong code as for a person whom nobody knows.
func (r *register) Identify(_ context.Context, evidence json.RawMessage) (*realperson.Evidence, error) {
	var in struct {
		personName
		Code string `json:"code"`
	}
	if decodeStrict(evidence, &in) != nil {
		return nil, realpersonhttp.ErrNotIdentified
	}
	p := r.people[in.personName]
	if p == nil {
		return nil, realpersonhttp.ErrNotIdentified
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.guesses[p.name()] >= maxGuesses {
		return nil, realpersonhttp.ErrNotIdentified
	}
	if subtle.ConstantTimeCompare([]byte(in.Code), []byte(p.Code)) != 1 {
		r.guesses[p.name()]++
		return nil, realpersonhttp.ErrNotIdentified
	}
	delete(r.guesses, p.name())
	return p.evidence(), nil
}

const recordPrefix = "record:"

// Enrolled implements realpersonhttp.People.
func (r *register) Enrolled(ctx context.Context, e *realperson.Evidence, record string) error {
	b, err := json.Marshal(personName{e.Country, e.Document, e.Number})
	if err != nil {
		return err
	}
	_, err = r.records.Append(ctx, recordPrefix+record, 0, b) // the same again is no error
	return err
}

// Claims implements realpersonhttp.People.
func (r *register) Claims(ctx context.Context, record string) (map[string]any, error) {
	for e, err := range r.records.History(ctx, recordPrefix+record, 0) {
		if err != nil {
			return nil, err
		}
		var name personName
		if _, err := strictjson.Parse(e.Op, strictjson.Limits{}); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(e.Op, &name); err != nil {
			return nil, err
		}
		if p := r.people[name]; p != nil {
			return maps.Clone(p.Claims), nil
		}
		break
	}
	return nil, errors.New("nobody in the register has this record")
}
