"""An example for Apache Airflow: collect and judge with auditkit, then run a notebook with papermill's operator.

Needs apache-airflow and apache-airflow-providers-papermill in Airflow's environment, and auditkit in the environment that
the notebook's kernel ``auditkit`` has (`python -m ipykernel install --name auditkit`).
"""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.providers.papermill.operators.papermill import PapermillOperator

STORE = "/data/snapshots"

with DAG(
    "auditkit",
    schedule="15 2 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,  # a snapshot shows the day on which it is taken, and no day before
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},  # a job does nothing twice on one day
) as dag:
    # Exit code 1 is a threshold of fail_on: the evidence is there, and so is the report.
    job = BashOperator(
        task_id="job",
        bash_command="auditkit run --config /etc/auditkit/nightly.yaml --log-format json || [ $? -eq 1 ]",
    )
    fleet = PapermillOperator(
        task_id="fleet",
        input_nb="/opt/auditkit/notebooks/fleet.ipynb",
        output_nb="/data/reports/fleet-{{ ds }}.ipynb",
        parameters={"store": STORE, "frameworks": ["soc2"], "environments": ["staging=stg-*", "prod=prod-*"]},
        kernel_name="auditkit",
        language_name="python",
    )
    job >> fleet
