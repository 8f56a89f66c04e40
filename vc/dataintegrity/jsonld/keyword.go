package jsonld

// keyword is one of the words that JSON-LD 1.1 gives a meaning (Syntax, section 1.7).
type keyword uint8

const (
	noKeyword keyword = iota
	kwBase
	kwContainer
	kwContext
	kwDirection
	kwGraph
	kwID
	kwImport
	kwIncluded
	kwIndex
	kwJSON
	kwLanguage
	kwList
	kwNest
	kwNone
	kwPrefix
	kwPropagate
	kwProtected
	kwReverse
	kwSet
	kwType
	kwValue
	kwVersion
	kwVocab
	keywordCount
)

var keywordNames = [keywordCount]string{
	kwBase: "@base", kwContainer: "@container", kwContext: "@context", kwDirection: "@direction", kwGraph: "@graph",
	kwID: "@id", kwImport: "@import", kwIncluded: "@included", kwIndex: "@index", kwJSON: "@json", kwLanguage: "@language",
	kwList: "@list", kwNest: "@nest", kwNone: "@none", kwPrefix: "@prefix", kwPropagate: "@propagate",
	kwProtected: "@protected", kwReverse: "@reverse", kwSet: "@set", kwType: "@type", kwValue: "@value",
	kwVersion: "@version", kwVocab: "@vocab",
}

func (k keyword) String() string { return keywordNames[k] }

// toKeyword returns the keyword that s is, or noKeyword.
func toKeyword(s string) keyword {
	if len(s) == 0 || s[0] != '@' {
		return noKeyword
	}
	for k := kwBase; k < keywordCount; k++ {
		if keywordNames[k] == s {
			return k
		}
	}
	return noKeyword
}

// likeKeyword tells whether s has the form of a keyword ("@" and letters), which is reserved for later versions.
func likeKeyword(s string) bool {
	if len(s) < 2 || s[0] != '@' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}
