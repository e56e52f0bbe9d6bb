/** JSON Schemas of the manifests in deploy/: the fields of Kubernetes that they use, and no other. Asserts nothing. */

type Schema = Readonly<Record<string, unknown>>;

/** An object with these fields and no other; those whose names end with "!" have to be there. */
function object(fields: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(fields);
  return {
    type: "object",
    additionalProperties: false,
    required: names.filter((name) => name.endsWith("!")).map((name) => name.slice(0, -1)),
    properties: Object.fromEntries(
      names.map((name) => [name.replace(/!$/, ""), fields[name]!]),
    ),
  };
}

const text = { type: "string", minLength: 1 };
const texts = { type: "array", items: text, minItems: 1 };
const flag = { type: "boolean" };
const count = { type: "integer", minimum: 0 };
const map = (of: Schema) => ({ type: "object", additionalProperties: of });
const list = (of: Schema) => ({ type: "array", items: of, minItems: 1 });
const one = (...values: readonly unknown[]) => ({ enum: values });
const metadata = object({ "name!": { ...text, pattern: "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" } });

/** Of memory or processors, as Kubernetes writes it, or of whole devices. */
const quantity = {
  anyOf: [{ type: "string", pattern: "^[0-9]+(m|Ki|Mi|Gi|Ti)?$" }, { type: "integer", minimum: 1 }],
};

const container = object({
  "name!": text,
  "image!": { ...text, pattern: "^verity:[a-z]+$" },
  command: texts,
  args: texts,
  env: list(object({
    "name!": { ...text, pattern: "^[A-Z_]+$" },
    value: text,
    valueFrom: object({
      "secretKeyRef!": object({ "name!": text, "key!": text, optional: flag }),
    }),
  })),
  "resources!": object({ "requests!": map(quantity), "limits!": map(quantity) }),
  volumeMounts: list(object({ "name!": text, "mountPath!": { ...text, pattern: "^/" } })),
});

const pod = (restarts: boolean) =>
  object({
    [restarts ? "restartPolicy!" : "restartPolicy"]: one("Never", "OnFailure"),
    terminationGracePeriodSeconds: count,
    "containers!": list(container),
    volumes: list(object({
      "name!": text,
      persistentVolumeClaim: object({ "claimName!": text }),
      emptyDir: object({ sizeLimit: quantity }),
    })),
  });

const rule = object({
  "action!": one("FailJob", "FailIndex", "Ignore", "Count"),
  onExitCodes: object({
    containerName: text,
    "operator!": one("In", "NotIn"),
    "values!": { type: "array", items: { type: "integer", minimum: 1 }, maxItems: 255 },
  }),
  onPodConditions: list(object({ "type!": text, status: one("True", "False", "Unknown") })),
});

/** A `Job` of batch/v1. */
export const JOB = object({
  "apiVersion!": { const: "batch/v1" },
  "kind!": { const: "Job" },
  "metadata!": metadata,
  "spec!": object({
    completionMode: one("Indexed", "NonIndexed"),
    completions: count,
    parallelism: count,
    backoffLimit: count,
    backoffLimitPerIndex: count,
    podFailurePolicy: object({ "rules!": list(rule) }),
    "template!": object({ "spec!": pod(true) }),
  }),
});

const replicas = object({
  "replicas!": count,
  restartPolicy: one("Never", "OnFailure", "Always", "ExitCode"),
  "template!": object({ "spec!": pod(false) }),
});

/** An `MPIJob` of kubeflow.org/v2beta1. */
export const MPI_JOB = object({
  "apiVersion!": { const: "kubeflow.org/v2beta1" },
  "kind!": { const: "MPIJob" },
  "metadata!": metadata,
  "spec!": object({
    slotsPerWorker: count,
    mpiImplementation: one("OpenMPI", "Intel", "MPICH"),
    sshAuthMountPath: text,
    runPolicy: object({ cleanPodPolicy: one("None", "Running", "All"), backoffLimit: count }),
    "mpiReplicaSpecs!": object({ "Launcher!": replicas, "Worker!": replicas }),
  }),
});
