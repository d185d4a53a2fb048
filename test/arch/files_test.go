package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readers are the folders whose code opens files that a user names.
var readers = []string{"app", "aws/syncfunction", "config", "face", "gate", "k9", "oci", "pack"}

// Files that a user names are opened by internal/regular: it refuses pipes and
// devices, which hang. What is written (os.OpenFile, os.Create) is not meant.
func TestUserFilesAreOpenedAsRegularFiles(t *testing.T) {
	t.Parallel()
	opens := regexp.MustCompile(`\bos\.(Open|ReadFile)\(|\bzip\.OpenReader\(|root\.Open\(|\btarball\.`)
	but := []string{"../../internal/oci/tree.go", "../../internal/config/detect/source.go"} // a folder; files that were listed as regular
	for _, dir := range readers {
		err := filepath.WalkDir(filepath.Join("../../internal", dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || slices.Contains(but, filepath.ToSlash(path)) {
				return err
			}
			raw, err := os.ReadFile(path)
			if found := opens.Find(raw); found != nil {
				t.Errorf("%s calls %s…): use internal/regular", path, found)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
