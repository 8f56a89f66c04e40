package vcdm

import (
	"time"

	"github.com/realdid/realdid/vc"
)

// readTime reads an optional time; zero if it is not there.
func readTime(d *document, p property) (time.Time, error) {
	if !d.has(p) {
		return time.Time{}, nil
	}
	s, _ := d[p].Str()
	t, ok := parseTime(s)
	if !ok {
		return time.Time{}, vc.Invalid("vcdm.time", propertyNames[p]+" is not a time with a zone")
	}
	return t, nil
}

// readValidity reads the validity period: validFrom and validUntil of version 2.0 (section 4.9); issuanceDate and expirationDate of
// version 1.1 (sections 4.5 and 4.6), whose context knows the later names as well: the narrower of both counts.
func (c *Credential) readValidity(d *document) (err error) {
	if c.ValidFrom, err = readTime(d, propValidFrom); err != nil {
		return err
	}
	if c.ValidUntil, err = readTime(d, propValidUntil); err != nil {
		return err
	}
	issued, err := readTime(d, propIssued)
	if err != nil {
		return err
	}
	expires, err := readTime(d, propExpires)
	if err != nil {
		return err
	}
	switch {
	case c.Version == V2 && !(issued.IsZero() && expires.IsZero()):
		return vc.Invalid("vcdm.time.version", "version 2.0 has no issuanceDate and no expirationDate")
	case c.Version == V1 && issued.IsZero():
		return vc.Invalid("vcdm.time.missing", "version 1.1 wants an issuanceDate")
	}
	if issued.After(c.ValidFrom) {
		c.ValidFrom = issued
	}
	if !expires.IsZero() && (c.ValidUntil.IsZero() || expires.Before(c.ValidUntil)) {
		c.ValidUntil = expires
	}
	if !c.ValidFrom.IsZero() && !c.ValidUntil.IsZero() && c.ValidUntil.Before(c.ValidFrom) {
		return vc.Invalid("vcdm.time.order", "the end of validity is before its beginning")
	}
	return nil
}

// parseTime reads a dateTimeStamp (XML Schema 1.1 part 2, section 3.4.28): a date that exists, a time, any number of decimals
// (what is beyond nanoseconds is cut off) and a zone up to 14 hours from UTC. 24:00:00 is the end of a day; there are no leap
// seconds. Years are 0001 to 9999, and the first moment of them all, which stands for "none" in Go, is refused.
func parseTime(s string) (time.Time, bool) {
	const form = "0000-00-00T00:00:00"
	if len(s) < len(form)+1 || len(s) > maxTime {
		return time.Time{}, false
	}
	for i := range len(form) {
		if form[i] == '0' && !isDigit(s[i]) || form[i] != '0' && s[i] != form[i] {
			return time.Time{}, false
		}
	}
	rest, nanos, ok := decimals(s[len(form):])
	if !ok {
		return time.Time{}, false
	}
	zone, ok := parseZone(rest)
	if !ok {
		return time.Time{}, false
	}
	year, month, day := number(s[:4]), number(s[5:7]), number(s[8:10])
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:19])
	if minute > 59 || second > 59 || hour > 24 || hour == 24 && (minute != 0 || second != 0 || nanos != 0) {
		return time.Time{}, false
	}
	midnight := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if midnight.Month() != time.Month(month) { // a day that the month does not have is one of another month
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC).Add(-zone)
	return t, t.After(time.Time{})
}

const maxTime = 64

// decimals reads the decimals of a second.
func decimals(s string) (rest string, nanos int, ok bool) {
	if s[0] != '.' {
		return s, 0, true
	}
	i, unit := 1, 100_000_000
	for ; i < len(s) && isDigit(s[i]); i++ {
		nanos += int(s[i]-'0') * unit
		unit /= 10
	}
	return s[i:], nanos, i > 1
}

// parseZone reads "Z" or an offset from UTC.
func parseZone(s string) (time.Duration, bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) != len("+00:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	for _, i := range [...]int{1, 2, 4, 5} {
		if !isDigit(s[i]) {
			return 0, false
		}
	}
	minutes := number(s[1:3])*60 + number(s[4:6])
	if number(s[4:6]) > 59 || minutes > 14*60 {
		return 0, false
	}
	if s[0] == '-' {
		minutes = -minutes
	}
	return time.Duration(minutes) * time.Minute, true
}

// number reads digits.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}
