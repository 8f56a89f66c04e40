package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/sdjwt"
)

// parts is an SD-JWT taken apart for people to look at; package sdjwt has parsed it before.
type parts struct {
	protected, payload, signature string
	disclosures                   []string
	kb                            string
	header                        json.RawMessage
	binding                       *inspectedJWT
}

// partSizes are the sizes of the parts in bytes, encoded.
type partSizes struct {
	Header      int `json:"header"`
	Payload     int `json:"payload"`
	Signature   int `json:"signature"`
	Disclosures int `json:"disclosures"`
	KeyBinding  int `json:"keyBinding"`
}

func takeApart(raw []byte) (*parts, error) {
	p := &parts{}
	if len(raw) > 0 && raw[0] == '{' {
		if err := p.fromJSON(raw); err != nil {
			return nil, err
		}
	} else {
		list := strings.Split(string(raw), "~")
		jwt := strings.Split(list[0], ".")
		if len(jwt) != 3 {
			return nil, invalid("", "not an SD-JWT")
		}
		p.protected, p.payload, p.signature = jwt[0], jwt[1], jwt[2]
		p.disclosures, p.kb = list[1:len(list)-1], list[len(list)-1]
	}
	var err error
	if p.header, err = base64url.DecodeString(p.protected); err != nil {
		return nil, invalid("", "the header is not base64url")
	}
	if p.kb == "" {
		return p, nil
	}
	kb := strings.Split(p.kb, ".")
	if len(kb) != 3 {
		return nil, invalid("", "the key binding is not a JWT")
	}
	p.binding = &inspectedJWT{}
	if p.binding.Header, err = base64url.DecodeString(kb[0]); err == nil {
		p.binding.Payload, err = base64url.DecodeString(kb[1])
	}
	if err != nil {
		return nil, invalid("", "the key binding is not base64url")
	}
	return p, nil
}

// fromJSON reads the flattened or general serialization (RFC 9901, section 8).
func (p *parts) fromJSON(raw []byte) error {
	type signature struct {
		Protected string `json:"protected"`
		Signature string `json:"signature"`
		Header    struct {
			Disclosures []string `json:"disclosures"`
			KB          string   `json:"kb_jwt"`
		} `json:"header"`
	}
	var in struct {
		signature
		Payload    string      `json:"payload"`
		Signatures []signature `json:"signatures"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return invalid("", "not an SD-JWT in JSON")
	}
	s := in.signature
	if len(in.Signatures) > 0 {
		s = in.Signatures[0]
	}
	p.protected, p.payload, p.signature, p.disclosures, p.kb = s.Protected, in.Payload, s.Signature, s.Header.Disclosures, s.Header.KB
	return nil
}

// compact returns the credential without key binding.
func (p *parts) compact() []byte {
	b := p.protected + "." + p.payload + "." + p.signature + "~"
	for _, d := range p.disclosures {
		b += d + "~"
	}
	return []byte(b)
}

// disclosed lists the paths of what could have been withheld and is here.
func (p *parts) disclosed() ([]string, error) {
	cred, err := sdjwt.ParseCredential(p.compact())
	if err != nil {
		return nil, err
	}
	list, err := cred.Disclosable()
	slices.Sort(list)
	return list, err
}

// hidden counts the digests that no disclosure here belongs to: withheld claims and decoys.
func (p *parts) hidden() (int, error) {
	payload, err := base64url.DecodeString(p.payload)
	if err != nil {
		return 0, invalid("", "the payload is not base64url")
	}
	n := -len(p.disclosures)
	texts := [][]byte{payload}
	for _, d := range p.disclosures {
		b, err := base64url.DecodeString(d)
		if err != nil {
			return 0, invalid("", "a disclosure is not base64url")
		}
		texts = append(texts, b)
	}
	for _, b := range texts {
		v, err := strictjson.Parse(b, strictjson.Limits{})
		if err != nil {
			return 0, invalid("", "a part is not JSON")
		}
		n += digests(v)
	}
	return n, nil
}

func digests(v strictjson.Value) int {
	n := 0
	for _, m := range v.Members() {
		switch m.Name {
		case "_sd":
			n += len(m.Value.Elems())
		case "...":
			n++
		default:
			n += digests(m.Value)
		}
	}
	for _, e := range v.Elems() {
		n += digests(e)
	}
	return n
}

func (p *parts) sizes() partSizes {
	s := partSizes{Header: len(p.protected), Payload: len(p.payload), Signature: len(p.signature), KeyBinding: len(p.kb)}
	for _, d := range p.disclosures {
		s.Disclosures += len(d)
	}
	return s
}
