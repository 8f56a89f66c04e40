package realdid

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

func specText(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestLimitsInTheText compares the table of SPEC.md section 5 with the constants.
func TestLimitsInTheText(t *testing.T) {
	seconds := func(d time.Duration) int64 { return int64(d / time.Second) }
	code := map[string]int64{
		"MaxOperation": MaxOperation, "MaxImport": MaxImport, "MaxLongForm": MaxLongForm, "MaxName": maxName, "MaxKeys": MaxKeys, "MaxWeight": MaxWeight,
		"MaxSignatures": 2 * MaxKeys, "MaxTiers": MaxTiers, "MinDelay": seconds(MinDelay), "MaxDelay": seconds(MaxDelay),
		"DefaultDelay": seconds(DefaultDelay), "MinRetirement": seconds(minRetirement), "MaxRetiring": MaxRetiring,
		"MinGrace": seconds(minGrace), "MaxMethods": MaxMethods, "MaxServices": MaxServices, "MaxAliases": MaxAliases,
		"MaxFragment": MaxFragment, "MaxServiceType": MaxServiceType, "MaxEndpoints": MaxEndpoints, "MaxEndpoint": MaxEndpoint,
		"MaxTurn": MaxTurn, "MaxRemovedByUpdate": maxRemovedByUpdate, "MaxRemoved": maxRemoved, "MaxUsedKeys": maxUsedKeys,
		"MaxPortable": maxPortable, "MaxTime": maxTime, "MaxClockSkew": seconds(maxClockSkew),
		"MaxHead": ledger.MaxHeadSize, "MaxBundle": MaxBundle, "MaxDescriptor": MaxDescriptor,
	}
	rows := regexp.MustCompile("(?m)^\\| `(M\\w+|DefaultDelay)` \\| (\\d+) \\|").FindAllStringSubmatch(specText(t), -1)
	if got, want := len(rows), len(code); got != want {
		t.Errorf("the table has %d limits, want %d", got, want)
	}
	for _, row := range rows {
		if want, ok := code[row[1]]; !ok {
			t.Errorf("%s: not a limit of the code", row[1])
		} else if got, _ := strconv.ParseInt(row[2], 10, 64); got != want {
			t.Errorf("%s: the text says %d, the code %d", row[1], got, want)
		}
	}
}

// TestNumbersInTheText looks for the other numbers and names that the text states, as the code has them.
func TestNumbersInTheText(t *testing.T) {
	text := specText(t)
	for typ := Create; typ <= Import; typ++ {
		name := typ.String()
		if !regexp.MustCompile(`(?m)^\| ` + name + `[^|]* \| ` + strconv.Itoa(int(typ)) + ` \|`).MatchString(text) {
			t.Errorf("section 4.3 has no row for %s with number %d", name, typ)
		}
	}
	for _, label := range []string{scidLabel, idLabel, nextLabel, recoveryLabel, signingLabel, historyLabel, stateLabel, descriptorLabel, descriptorIDLabel} {
		if !strings.Contains(text, `"`+label+`"`) {
			t.Errorf("the text lacks the label %s", label)
		}
	}
	if !strings.Contains(text, "`"+deriveLabel+"`") || !strings.Contains(text, "0 => "+strconv.Itoa(wireVersion)+",") {
		t.Error("the text lacks the derivation label or the version")
	}
	for _, version := range []int{wireVersion, stateVersion, HeadVersion} {
		if !regexp.MustCompile("0 => " + strconv.Itoa(version) + ", +; version of this format").MatchString(text) {
			t.Errorf("the text does not state version %d", version)
		}
	}
}

// TestTextHasWhatARegistrationAsksFor is a checklist: DID 1.1 on method specifications, RFC 3552, RFC 6973 section 5.
func TestTextHasWhatARegistrationAsksFor(t *testing.T) {
	text := specText(t)
	for section, words := range map[string][]string{
		"## 1. ":  {"method name is `realdid`", "not registered", "any state, any national identity system"},
		"## 2. ":  {"```abnf", "Case and normalisation", "Generation", "Uniqueness"},
		"## 4. ":  {"```cddl", "### 4.3 Members per type"},
		"## 5. ":  {"`MaxOperation`"},
		"## 6. ":  {"### 6.1 ", "### 6.2 ", "### 6.3 ", "### 6.4 ", "### 6.5 Recovery", "### 6.10 Moving to another ledger", "Authorised by"},
		"## 7. ":  {"that is how the answer is authentic", "`versionId`", "`versionTime`", "410 **with** the document", "### 7.5 Evidence", "**Memory.**", "### 7.6 Create, update, deactivate"},
		"## 8. ":  {"```cddl", "### 8.2 History root", "### 8.3 Head record", "### 8.4 Bundle", "every byte counts"},
		"## 9. ":  {"HKDF-SHA256"},
		"## 10. ": {"**Forks.**", "**Audit.**", "### 10.2 Trust domain, descriptor", "**Logging.**"},
		"## 11. ": {
			"RFC 3552", "**Eavesdropping.**", "**Replay.**", "**Message insertion.**", "**Deletion.**", "**Modification.**", "**Denial of service.**",
			"**Amplification.**", "**Man in the middle.**", "**Residual risk.**", "**Unique assignment.**", "**Endpoint authentication.**",
			"**Light nodes.**", "**What is protected.**", "withholds a `cancel`",
		},
		"## 12. ": {
			"RFC 6973 section 5", "Surveillance (5.1.1)", "Stored data compromise (5.1.2)", "intrusion (5.1.3)", "Misattribution (5.1.4)",
			"Correlation (5.2.1)", "Identification (5.2.2)", "Secondary use (5.2.3)", "Disclosure (5.2.4)", "Exclusion (5.2.5)",
		},
	} {
		i := strings.Index(text, "\n"+section)
		if i < 0 {
			t.Errorf("no section %q", section)
			continue
		}
		body := text[i+1:]
		if end := strings.Index(body, "\n## "); end >= 0 {
			body = body[:end]
		}
		body = strings.Join(strings.Fields(body), " ")
		for _, w := range words {
			if !strings.Contains(body, w) {
				t.Errorf("section %q lacks %q", section, w)
			}
		}
	}
	for _, word := range []string{"TO" + "DO", "TBD", "FIX" + "ME"} {
		if strings.Contains(text, word) {
			t.Errorf("the text says %s", word)
		}
	}
}
