package config

import "falkirk/internal/delivery"

// The shape of the file outside the blocks of kinds. The decoder and the schema
// both read these; fields of type *node are decoded further by hand, and the
// schema of each is put in by schema.go.

const (
	storePattern   = `^(file|s3)://.+$`
	namePattern    = `^[a-z][a-z0-9-]{0,62}$`
	regionPattern  = `^[a-z0-9][a-z0-9-]{0,62}$`
	accountPattern = `^[0-9]{12}$`
	pinPattern     = `^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$`
	personPattern  = `^[^@,"*?!\s][^,"*?!\s]{0,255}$`
	rolePattern    = `^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$`
	awsRegion      = `^[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}$` // as partition.IsRegion
	addressPattern = `^https?://[^/]+$`
)

type document struct {
	App          string      `json:"app" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,62}$,description=name of the app: small letters and digits and hyphens"`
	Falkirk      string      `json:"falkirk" jsonschema:"pattern=^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$,description=the one version of falkirk that may work on this app: such as 1.4.0; install.sh installs it; default: any"`
	Store        string      `json:"store" jsonschema:"pattern=^(file|s3)://.+$,description=where releases and ledgers are kept: file://folder (relative to this file) or s3://bucket/prefix,default=file://.falkirk"`
	StoreAccount string      `json:"storeAccount" jsonschema:"description=name under accounts: the account that an s3:// store is reached by; default: the starting credentials"`
	StoreBucket  storeBucket `json:"storeBucket" jsonschema:"description=how falkirk create account makes the bucket of an s3:// store"`
	Version      versions    `json:"version" jsonschema:"description=how the version of a release comes from git where pack has no --version"`
	Lock         lock        `json:"lock" jsonschema:"description=how one command at a time holds an environment; the defaults fit AWS"`
	Keep         int         `json:"keep" jsonschema:"minimum=0,description=how many earlier releases stay ready for rollback; banned and failed ones do not count,default=2"`
	Parallel     int         `json:"parallel" jsonschema:"minimum=1,maximum=256,description=how many places are worked on at once,default=8"`
	Accounts     *node       `json:"accounts" jsonschema:"description=AWS accounts and the roles that reach them; by name: no account twice"`
	Groups       *node       `json:"groups" jsonschema:"description=people by group; approval gates name a group as @group"`
	Components   *node       `json:"components" jsonschema:"required,description=the parts of the app; by name"`
	Environments []*node     `json:"environments" jsonschema:"required,minItems=1,description=the environments; their order is the order of the train"`
	Ledger       *node       `json:"ledger" jsonschema:"description=how the entries of the ledgers are signed; default: they are not"`
	Notices      []*node     `json:"notices" jsonschema:"description=who is told of what happens"`
	Sync         []*node     `json:"sync" jsonschema:"description=images that are kept in another registry too: for falkirk sync"`
}

// storeBucket has the fields of delivery.StoreBucket.
type storeBucket struct {
	KMSKey     string `json:"kmsKey" jsonschema:"pattern=^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$,description=ARN of the KMS key that encrypts it; default: the keys of S3"`
	AccessLogs string `json:"accessLogs" jsonschema:"pattern=^[a-z0-9][a-z0-9.-]{1\\,61}[a-z0-9]$,description=bucket for its access logs; it must let logging.s3.amazonaws.com write; default: none are kept"`
	LockDays   int    `json:"lockDays" jsonschema:"minimum=0,maximum=36500,description=Object Lock: for so many days no version of an object can be removed; only when the bucket is made; default: no lock"`
	LockMode   string `json:"lockMode" jsonschema:"enum=governance,enum=compliance,default=governance,description=whether a role with s3:BypassGovernanceRetention may remove a version all the same (governance) or nobody (compliance)"`
	PruneRole  string `json:"pruneRole" jsonschema:"pattern=^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$,description=ARN of the one role that may replace and delete blobs; default: nobody may"`
}

// versions says which tags of git are versions of this app.
type versions struct {
	Tags string `json:"tags" jsonschema:"minLength=1,description=pattern of the tags that are versions of this app: as in git tag --list PATTERN: \"v*\" or (in a repository with several apps) \"frontend/v*\"; default: all tags"`
}

// lock has the times of the lock of an environment.
type lock struct {
	Lease   delivery.Duration `json:"lease" jsonschema:"type=string,description=how long a command may write after it renewed its lease; from 1s to 10m,default=15s"`
	Request delivery.Duration `json:"request" jsonschema:"type=string,description=the longest that a request takes to have its effect; the next command waits for lease and request before it takes an environment from a command that no longer answers; from 100ms to 10m,default=10s"`
}

// jobs is a file of jobs of falkirk sync.
type jobs struct {
	Decisions *node   `json:"decisions" jsonschema:"description=app whose stop and bans hold these jobs back"`
	Sync      []*node `json:"sync" jsonschema:"required,minItems=1,description=images that are kept in another registry too"`
}

// decisions has the fields of Decisions.
type decisions struct {
	App     string `json:"app" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,62}$,description=name of the app"`
	Store   string `json:"store" jsonschema:"required,pattern=^(file|s3)://.+$,description=its store: s3://bucket/prefix or file://folder (relative to this file)"`
	Region  string `json:"region" jsonschema:"description=AWS region of the bucket; default: that of the starting credentials"`
	Signers string `json:"signers" jsonschema:"description=text of the list of signers (ledger.signers of the app file); default: signatures are not checked"`
}

type notice struct {
	Name         string   `json:"name" jsonschema:"pattern=^[a-z][a-z0-9-]{0\\,62}$,description=name of the notice; default: its kind and a number"`
	On           []string `json:"on" jsonschema:"enum=started,enum=finished,enum=failed,enum=waiting,enum=rolled-back,description=of what; default: of everything"`
	Environments []string `json:"environments" jsonschema:"description=where; default: everywhere"`
}

// ledgerBlock has the fields of delivery.LedgerSetting.
type ledgerBlock struct {
	Signers string `json:"signers" jsonschema:"required,minLength=1,description=file with the allowed signers (ssh-keygen(1) defines the format) relative to this file: an entry that none of them signed does not count"`
	Sign    string `json:"sign" jsonschema:"description=the key that signs: file of an SSH key or the ARN of an asymmetric KMS key or of its alias; FALKIRK_LEDGER_KEY goes before it; default: the key that git signs with or else the first usual one in ~/.ssh"`
	Account string `json:"account" jsonschema:"description=name under accounts: the account that uses the KMS key; default: that of the store"`
}

type account struct {
	ID         string   `json:"id" jsonschema:"required,pattern=^[0-9]{12}$,description=the 12 digits of the account in quotes"`
	Via        []string `json:"via" jsonschema:"pattern=^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$,description=roles that are assumed on the way and in this order"`
	Role       string   `json:"role" jsonschema:"pattern=^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$,description=the role that is assumed in the account"`
	ExternalID string   `json:"externalId" jsonschema:"minLength=2,maxLength=1224,description=external ID that the role asks for"`
	Region     string   `json:"region" jsonschema:"pattern=^[a-z]{2\\,5}(-[a-z]+)+-[0-9]{1\\,2}$,description=the home region of the account: for what is there once and for environments without regions"`
	Endpoint   string   `json:"endpoint" jsonschema:"pattern=^https?://[^/]+$,description=address in place of those of AWS: of an emulator or a private endpoint; default: AWS_ENDPOINT_URL and its like"`

	Duration delivery.Duration `json:"duration" jsonschema:"type=string,description=how long a session lasts before it is renewed: from 15m to 12h; chained roles get one hour at most,default=1h"`
	Tags     map[string]string `json:"tags" jsonschema:"description=session tags: the role's trust policy must allow sts:TagSession"`
}

type environment struct {
	Name       string   `json:"name" jsonschema:"required,pattern=^[a-z][a-z0-9-]{0\\,62}$,description=name of the environment"`
	After      []string `json:"after" jsonschema:"description=earlier environments that must have had a release live before it comes here; default: the one before in the list"`
	StoreRole  string   `json:"storeRole" jsonschema:"pattern=^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$,description=role in the store's account that writes the record of this environment and of no other; falkirk create account makes it; default: the role of the store's account"`
	Protected  bool     `json:"protected" jsonschema:"description=ask before anything is changed here,default=false"`
	Keep       int      `json:"keep" jsonschema:"minimum=0,description=how many earlier releases stay ready for rollback; banned and failed ones do not count; default: that of the app"`
	Parallel   int      `json:"parallel" jsonschema:"minimum=1,maximum=256,description=how many places are worked on at once; default: that of the app"`
	Account    string   `json:"account" jsonschema:"description=name under accounts"`
	Accounts   []string `json:"accounts" jsonschema:"minItems=1,description=names under accounts: every region is there in each of them"`
	Regions    []*node  `json:"regions" jsonschema:"minItems=1,description=the places of this environment; default: one region with the name local"`
	Target     *node    `json:"target" jsonschema:"description=settings by kind of target for every component here"`
	Components *node    `json:"components" jsonschema:"description=settings for single components here; by name"`
	Gates      []*node  `json:"gates" jsonschema:"description=questions that are asked before and after a phase"`
	Freeze     []*node  `json:"freeze" jsonschema:"maxItems=100,description=windows in which no promotion begins; closed while a deny window covers the time or (where there are allow windows) while none of them does"`
	Hooks      []*node  `json:"hooks" jsonschema:"description=what is done before and after a phase; in this order"`

	Soak    delivery.Duration `json:"soak" jsonschema:"type=string,description=how long a release must have been live in each environment before; default: it need not"`
	Newer   string            `json:"newer" jsonschema:"enum=supersedes,enum=waits,default=supersedes,description=what a newer release does to an older one that waits at a gate here: it takes its turn or it waits for it"`
	WayBack string            `json:"wayBack" jsonschema:"enum=warn,enum=refuse,description=what becomes of a promotion when the release that is live could not be made live again; default: warn and refuse where protected"`
}

type region struct {
	Name       string `json:"name" jsonschema:"required,pattern=^[a-z0-9][a-z0-9-]{0\\,62}$,description=name of the region"`
	Account    string `json:"account" jsonschema:"description=name under accounts; default: that of the environment"`
	Target     *node  `json:"target" jsonschema:"description=settings by kind of target for every component in this region"`
	Components *node  `json:"components" jsonschema:"description=settings for single components in this region; by name"`
}

// override is what an environment or a region says of one component.
type override struct {
	Target *node `json:"target" jsonschema:"description=how the component lands here: one kind of target with its settings"`
}

type gate struct {
	Name string `json:"name" jsonschema:"pattern=^[a-z][a-z0-9-]{0\\,62}$,description=name of the gate; default: its kind and a number"`
	When string `json:"when" jsonschema:"required,enum=before provision,enum=after provision,enum=before promote,enum=after promote,enum=before prune,enum=after prune,description=the moment at which it is asked"`
	Once bool   `json:"once" jsonschema:"description=ask once for the environment instead of in every place,default=false"`

	Rollback bool `json:"rollback" jsonschema:"description=ask of a rollback as well; default: true but for approval"`

	For   delivery.Duration `json:"for" jsonschema:"type=string,description=bake: how long the gate must stay open; it is asked throughout and one other answer closes it; only after a phase"`
	Every delivery.Duration `json:"every" jsonschema:"type=string,description=how often it is asked meanwhile; default: 10s"`
}

type hook struct {
	Name string `json:"name" jsonschema:"pattern=^[a-z][a-z0-9-]{0\\,62}$,description=name of the hook; default: its kind and a number"`
	When string `json:"when" jsonschema:"required,enum=before provision,enum=after provision,enum=before promote,enum=after promote,enum=before prune,enum=after prune,description=the moment at which it is run"`
	If   string `json:"if" jsonschema:"enum=pass,enum=fail,enum=always,default=pass,description=whether it is run when what went before it has passed or has failed"`
	Once bool   `json:"once" jsonschema:"description=run once for the environment instead of in every place,default=false"`

	Repeat string `json:"repeat" jsonschema:"enum=always,enum=never,default=always,description=never: once it has passed it is not run again for the same release; always: a run after one that failed runs it again. A run that goes on with one that was killed or interrupted or waits runs no hook again that passed"`
}

// freezeWindow has the fields of delivery.Freeze.
type freezeWindow struct {
	Deny   string `json:"deny" jsonschema:"description=closed in this time: \"Fri 16:00 - Mon 08:00\" or \"Mon-Thu 09:00-17:00\" or \"daily 22:00-06:00\" or \"Sat-Sun\" or \"2026-12-20 - 2027-01-04\" or \"2026-11-27 18:00 - 2026-11-28 06:00\""`
	Allow  string `json:"allow" jsonschema:"description=open in this time and that of other allow windows only; written as deny is"`
	Zone   string `json:"zone" jsonschema:"description=IANA name of the time zone whose clock counts: \"Europe/Berlin\",default=UTC"`
	Reason string `json:"reason" jsonschema:"description=why; shown to those who are refused"`
}
