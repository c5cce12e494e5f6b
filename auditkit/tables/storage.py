"""Storage classes, volumes and claims."""

from auditkit.tables import volume_encryption
from auditkit.tables.model import Column, Rows, Table, identity

_CLASS = "storageclasses.storage.k8s.io"

TABLES = (
    Table(
        "storage_classes", "storage classes", (Rows(_CLASS),),
        (
            *identity(namespaced=False),
            Column("provisioner", "string", "provisioner", "driver that makes the volumes"),
            Column("reclaim_policy", "string", "reclaimPolicy", "reclaim policy of its volumes",
                   absent="Delete"),
            Column("encrypted", "string", "parameters.encrypted", "the provisioner's parameter of this name"),
            Column("encryption_key", "boolean", "parameters.kmsKeyId", "true if it names a customer-managed key",
                   read="present"),
            Column("secure", "string", "parameters.secure", "the provisioner's parameter of this name (Portworx)"),
            Column("disk_encryption", "string", "|".join(f"parameters.{name}" for name in volume_encryption.NAMED),
                   "the parameter that names a set of keys (Azure); <NA>: none", read="first_of"),
            Column("expandable", "boolean", "allowVolumeExpansion", "its claims can grow", absent=False),
            Column("binding_mode", "string", "volumeBindingMode", "volume binding mode", absent="Immediate"),
        ),
        ("name",), kind="StorageClass",
    ),
    Table(
        "persistent_volumes", "persistent volumes", (Rows("persistentvolumes"),),
        (
            *identity(namespaced=False),
            Column("storage_class", "string", "spec.storageClassName", "its class"),
            Column("reclaim_policy", "string", "spec.persistentVolumeReclaimPolicy", "reclaim policy"),
            Column("phase", "string", "status.phase", "Available, Bound, Released or Failed"),
            Column("claim_namespace", "string", "spec.claimRef.namespace", "namespace of the claim it is bound to"),
            Column("claim", "string", "spec.claimRef.name", "claim that it is bound to"),
            Column("capacity", "string", "spec.capacity.storage", "size", read="text"),
            Column("type", "string", "spec.csi|spec.hostPath|spec.nfs|spec.local|spec.awsElasticBlockStore|"
                   "spec.gcePersistentDisk|spec.azureDisk|spec.azureFile|spec.iscsi|spec.fc|spec.rbd|spec.cephfs|"
                   "spec.glusterfs|spec.vsphereVolume|spec.cinder|spec.flexVolume", "where it lies", read="first_of"),
            Column("csi_driver", "string", "spec.csi.driver", "its CSI driver"),
            Column("host_path", "string", "spec.hostPath.path", "path on the node"),
        ),
        ("name",), kind="PersistentVolume",
    ),
    Table(
        "persistent_volume_claims", "claims of persistent volumes", (Rows("persistentvolumeclaims"),),
        (
            *identity(),
            Column("storage_class", "string", "spec.storageClassName", "requested storage class"),
            Column("requested", "string", "spec.resources.requests.storage", "requested size", read="text"),
            Column("volume", "string", "spec.volumeName", "volume that it is bound to"),
            Column("phase", "string", "status.phase", "Pending, Bound or Lost"),
        ),
        ("namespace", "name"), kind="PersistentVolumeClaim",
    ),
)
