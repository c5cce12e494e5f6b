"""Parameters of storage classes by which drivers are told to encrypt the volumes that they make: data with sources.

Each value is read as strictly as the driver reads it. A class that says nothing is no evidence either way: an account,
a pool or a disk below may encrypt all the same; `Driver.ask` says what to ask for.
"""

from typing import NamedTuple


class Driver(NamedTuple):
    """Provisioners (a pattern of the whole name), the column of storage classes with the parameter that they read, the
    values that mean yes and those that mean no (what is neither is not known), what to ask where it does not say, and
    the source.
    """

    name: str
    column: str
    yes: str
    no: str
    ask: str
    source: str


_YES, _NO = "1|t|T|TRUE|true|True", "0|f|F|FALSE|false|False"  # strconv.ParseBool
_ACCOUNT = "ask whether the AWS account encrypts new EBS volumes by default, and for the volume itself"
_CEPH = "ask whether the OSDs of the Ceph cluster are encrypted"
_AZURE = "Azure encrypts managed disks with keys of its own; ask for the disk, and whether that is enough"
_GOOGLE = "Google encrypts disks with keys of its own; ask for the disk, and whether that is enough"
_POOL = "ask whether the disks below are encrypted"

DRIVERS = (
    Driver(r"ebs\.csi\.aws\.com|ebs\.csi\.eks\.amazonaws\.com", "encrypted", "true", "false", _ACCOUNT,
           'aws-ebs-csi-driver, pkg/driver/controller.go: isTrue, value == "true", and else nothing'),
    Driver(r"kubernetes\.io/aws-ebs", "encrypted", "true", _NO, _ACCOUNT,
           "Kubernetes before 1.27 read it by strconv.ParseBool; migrated, it is read as aws-ebs-csi-driver reads it"),
    Driver(r"(?:.+\.)?(?:rbd|cephfs)\.csi\.ceph\.com", "encrypted", _YES, _NO, _CEPH,
           "ceph-csi, internal/rbd/encryption.go: strconv.ParseBool"),
    Driver(r"driver\.longhorn\.io", "encrypted", _YES, _NO, _POOL, "longhorn-manager, csi/util.go: strconv.ParseBool"),
    Driver(r"pxd\.portworx\.com|kubernetes\.io/portworx-volume", "secure", _YES, _NO,
           "ask whether Portworx encrypts by a cluster-wide setting",
           "libopenstorage/openstorage, api/spec: SpecSecure, strconv.ParseBool"),
    Driver(r"disk\.csi\.azure\.com|kubernetes\.io/azure-disk", "disk_encryption", "(?i)diskencryptionsetid", "", _AZURE,
           "azuredisk-csi-driver, docs/driver-parameters.md: diskEncryptionSetID; names of parameters in any case"),
    Driver(r"pd\.csi\.storage\.gke\.io|kubernetes\.io/gce-pd", "", "", "", _GOOGLE,
           "gcp-compute-persistent-disk-csi-driver, README.md: disk-encryption-kms-key names a key, which is not read"),
    Driver(r"csi\.scaleway\.com", "encrypted", "true", "", _POOL, "scaleway-csi, README.md: encrypting volumes"),
    Driver(r"diskplugin\.csi\.alibabacloud\.com", "encrypted", "true", "", _POOL,
           "alibaba-cloud-csi-driver, docs/disk.md"),
    Driver(r"cinder\.csi\.openstack\.org|kubernetes\.io/cinder", "", "", "",
           "ask OpenStack whether the volume type is an encrypted one", "cloud-provider-openstack, docs: Cinder CSI"),
    Driver(r"csi\.vsphere\.vmware\.com|kubernetes\.io/vsphere-volume", "", "", "",
           "ask whether the storage policy in vSphere encrypts", "vsphere-csi-driver, docs: storage policies"),
    Driver(r"(?:efs|fsx)\.csi\.aws\.com", "", "", "", "ask whether the file system was made as an encrypted one",
           "aws-efs-csi-driver, docs/README.md: encryption at rest is that of the file system"),
)

NAMED = ("diskEncryptionSetID", "diskencryptionsetid")
"""The parameter that names a set of keys, of which only is kept that it stands there, in its two usual spellings."""
