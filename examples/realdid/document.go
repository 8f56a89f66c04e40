package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// The fragments of the two methods that every identity starts with are these stems and a number that is never used again.
const (
	authFragment   = "auth-"
	assertFragment = "assert-"
)

// freeFragment returns the stem with the first number that no method of the identity has ever had.
func freeFragment(stem string, res *did.Resolution) string {
	taken := func(fragment string) bool {
		return slices.ContainsFunc(res.Document.VerificationMethod, func(m did.VerificationMethod) bool { return m.ID.Fragment() == fragment }) ||
			slices.ContainsFunc(res.Removed, func(m did.RemovedMethod) bool { return m.ID.Fragment() == fragment }) ||
			slices.ContainsFunc(res.Document.Service, func(s did.Service) bool { return s.ID.Fragment() == fragment })
	}
	for n := 1; ; n++ {
		if f := fmt.Sprint(stem, n); !taken(f) {
			return f
		}
	}
}

// methodWith returns the first method of c that has the purpose.
func methodWith(c realdid.Content, p did.Purpose) (realdid.VerificationMethod, bool) {
	i := slices.IndexFunc(c.VerificationMethods, func(m realdid.VerificationMethod) bool { return m.Purposes.Has(p) })
	if i < 0 {
		return realdid.VerificationMethod{}, false
	}
	return c.VerificationMethods[i], true
}

// copyContent keeps changes away from the state that c came from.
func copyContent(c realdid.Content) realdid.Content {
	return realdid.Content{
		VerificationMethods: slices.Clone(c.VerificationMethods), Services: slices.Clone(c.Services), AlsoKnownAs: slices.Clone(c.AlsoKnownAs),
	}
}

// removeMethod takes a method out of c; fragment may have its number sign.
func removeMethod(c *realdid.Content, fragment, flag string) (realdid.VerificationMethod, error) {
	fragment = strings.TrimPrefix(fragment, "#")
	i := slices.IndexFunc(c.VerificationMethods, func(m realdid.VerificationMethod) bool { return m.Fragment == fragment })
	if i < 0 {
		var have []string
		for _, m := range c.VerificationMethods {
			have = append(have, "#"+m.Fragment)
		}
		return realdid.VerificationMethod{}, usage("it has "+strings.Join(have, ", "), "%s: the document has no method #%.40s", flag, fragment)
	}
	m := c.VerificationMethods[i]
	c.VerificationMethods = slices.Delete(c.VerificationMethods, i, i+1)
	return m, nil
}

// parseService reads FRAGMENT,TYPE,URI; several types are joined by "+".
func parseService(s, flag string) (realdid.Service, error) {
	parts := strings.SplitN(s, ",", 3)
	if len(parts) != 3 {
		return realdid.Service{}, usage("for example "+flag+" 'site,LinkedDomains,https://alice.example/'", "%s: want FRAGMENT,TYPE,URI", flag)
	}
	return realdid.Service{
		Fragment: strings.TrimPrefix(parts[0], "#"), Types: strings.Split(parts[1], "+"), Endpoints: []realdid.Endpoint{{URI: parts[2]}},
	}, nil
}

// parseMethod reads FRAGMENT,PURPOSES,KEY, where KEY may be the name of an algorithm, for a new key.
func (a *app) parseMethod(s string) (m realdid.VerificationMethod, fresh privateKey, err error) {
	const flag = "--add-method"
	parts := strings.SplitN(s, ",", 3)
	if len(parts) != 3 {
		return m, nil, usage("for example --add-method agree-1,keyAgreement,X25519 or --add-method tablet,authentication,z6Mk…",
			"%s: want FRAGMENT,PURPOSES,KEY", flag)
	}
	m.Fragment = strings.TrimPrefix(parts[0], "#")
	for term := range strings.SplitSeq(parts[1], "+") {
		p, ok := did.ParsePurpose(term)
		if !ok {
			return m, nil, usage("purposes: authentication, assertionMethod, keyAgreement, capabilityInvocation, capabilityDelegation; joined by +",
				"%s: no purpose %.40q", flag, term)
		}
		m.Purposes |= p
	}
	if algorithm, err := parseAlgorithm(parts[2]); err == nil {
		if fresh, err = generateKey(algorithm); err != nil {
			return m, nil, err
		}
		m.Key = fresh.Public()
		return m, fresh, nil
	}
	m.Key, err = a.parseKeyArgument(parts[2], flag)
	return m, nil, err
}

// parseCompromised reads FRAGMENT[@SEQUENCE]; without a sequence nothing that the key ever signed counts.
func parseCompromised(list []string) (map[string]uint64, error) {
	out := map[string]uint64{}
	for _, s := range list {
		fragment, since, ok := strings.Cut(strings.TrimPrefix(s, "#"), "@")
		var n uint64
		if ok {
			if _, err := fmt.Sscanf(since, "%d", &n); err != nil || fmt.Sprint(n) != since {
				return nil, usage("for example --compromised assert-1@3", "--compromised: %.40q is not FRAGMENT[@SEQUENCE]", s)
			}
		}
		if _, twice := out[fragment]; twice || fragment == "" {
			return nil, usage("", "--compromised: %.40q is empty or named twice", s)
		}
		out[fragment] = n
	}
	return out, nil
}
