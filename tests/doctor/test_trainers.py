"""One line around other trainers: Lightning and Hugging Face where they are installed, and a loop like theirs."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor

REASON = "not installed here: pip install lightning transformers accelerate, and these tests run"


class Net(nn.Module):
    """A classifier with a softmax before the cross-entropy, which is what the doctor must say."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5), nn.Softmax(1))

    def forward(self, x, labels):
        logits = self.net(x)
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}


@pytest.fixture
def examples():
    torch.manual_seed(0)
    x = torch.randn(512, 20)
    return x, x[:, :5].argmax(1)


def names_the_softmax(doctor):
    found = doctor.findings[0]
    return (found.id, found.layer) == ("F38", "net.3")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Lightning's own
def test_lightning_is_watched_by_one_line_around_fit(examples, tmp_path):
    lightning = pytest.importorskip("lightning", reason=REASON)

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = Net().net
            self.optimizer = torch.optim.SGD(self.parameters(), 0.1)

        def training_step(self, batch, _):
            x, y = batch
            return F.cross_entropy(self.net(x), y)

        def configure_optimizers(self):
            return self.optimizer

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*examples), batch_size=64)
    module = Module()
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = lightning.Trainer(max_epochs=3, accelerator="cpu", default_root_dir=tmp_path, **quiet)
    with Doctor(module, module.optimizer) as doctor:
        trainer.fit(module, data)
    assert names_the_softmax(doctor)
    assert doctor.to_dict()["steps"] == 24


@pytest.mark.slow
def test_a_hugging_face_trainer_is_watched_by_one_line_around_train(examples, tmp_path):
    transformers = pytest.importorskip("transformers", reason=REASON)
    pytest.importorskip("accelerate", reason=REASON)
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    options = transformers.TrainingArguments(
        str(tmp_path), max_steps=24, per_device_train_batch_size=64, report_to=[], save_strategy="no", use_cpu=True
    )
    rows = [{"x": x, "labels": y} for x, y in zip(*examples, strict=True)]
    trainer = transformers.Trainer(model, options, train_dataset=rows, optimizers=(optimizer, None))
    with Doctor(model, optimizer) as doctor:
        trainer.train()
    assert names_the_softmax(doctor)
    assert doctor.to_dict()["steps"] == 24


class Trainer:
    """The shape that trainers share: the loop is inside, the step is a closure, and loaders and hooks surround it."""

    def __init__(self, model, optimizer):
        self.model, self.optimizer = model, optimizer

    def fit(self, loader, epochs):
        for _ in range(epochs):
            self.model.train()
            for x, y in loader:
                self.optimizer.step(closure=lambda x=x, y=y: self.training_step(x, y))
            self.model.eval()
            with torch.inference_mode():
                for x, y in loader:
                    self.model(x, y)

    def training_step(self, x, y):
        loss = self.model(x, y)["loss"]
        self.optimizer.zero_grad()
        loss.backward()
        return loss


def test_a_loop_of_that_shape_is_watched_by_one_line_around_it(examples):
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*examples), batch_size=64)
    with Doctor(model, optimizer) as doctor:
        Trainer(model, optimizer).fit(loader, 3)
    assert names_the_softmax(doctor)
    assert doctor.notes == []
    assert doctor.to_dict()["steps"] == 24
