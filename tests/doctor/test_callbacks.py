"""The callbacks for Lightning and Hugging Face, in their own trainers where they are installed."""

import builtins
import importlib
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

REASON = "not installed here: pip install lightning transformers accelerate, and these tests run"
pytestmark = pytest.mark.filterwarnings("ignore")  # theirs: advice on workers, and what they call that torch gave up
QUIET = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}


@pytest.fixture
def examples():
    torch.manual_seed(0)
    x = torch.randn(512, 20)
    return x, x[:, :5].argmax(1)


def net(sick):
    last = [nn.Softmax(1)] if sick else []
    return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5), *last)


# ---- Lightning ----


@pytest.fixture
def lightning():
    return pytest.importorskip("lightning.pytorch", reason=REASON)


def fitted(library, examples, tmp_path, callback, sick, epochs=3):
    """A trainer that has fitted a classifier, with an evaluation after each epoch."""

    class Module(library.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = net(sick)

        def training_step(self, batch, _):
            return F.cross_entropy(self.net(batch[0]), batch[1])

        def validation_step(self, batch, _):
            self.log("val_loss", F.cross_entropy(self.net(batch[0]), batch[1]))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    data = torch.utils.data.TensorDataset(*examples)
    loaders = [torch.utils.data.DataLoader(data, 64, shuffle=shuffle) for shuffle in (True, False)]
    options = {"max_epochs": epochs, "accelerator": "cpu", "default_root_dir": tmp_path, **QUIET}
    trainer = library.Trainer(callbacks=[callback], **options)
    trainer.fit(Module(), *loaders)
    return trainer


@pytest.mark.slow
def test_lightning_says_what_is_wrong_and_keeps_the_doctor(lightning, examples, tmp_path, capsys):
    from moreish.doctor.lightning import DoctorCallback

    seen = []
    callback = DoctorCallback(on_finding=seen.append)
    trainer = fitted(lightning, examples, tmp_path, callback, sick=True)
    assert trainer.global_step == 24
    assert [f.id for f in seen][:1] == ["F38"]
    assert (callback.doctor.findings[0].id, callback.doctor.findings[0].layer) == ("F38", "net.3")
    assert callback.doctor.to_dict()["steps"] == 24
    assert len(callback.doctor.history.validations) == 3
    said = capsys.readouterr().out
    assert "sick: F38 double-softmax." in said
    assert "(24 steps" in said


def test_lightning_leaves_a_healthy_module_in_peace(lightning, examples, tmp_path, capsys):
    from moreish.doctor.lightning import DoctorCallback

    callback = DoctorCallback(stop_on="watch")
    fitted(lightning, examples, tmp_path, callback, sick=False)
    assert callback.stopped_by is None
    assert callback.doctor.findings == []
    assert "Nothing wrong was found (24 steps" in capsys.readouterr().out


def test_lightning_is_asked_to_stop(lightning, examples, tmp_path, capsys):
    from moreish.doctor.lightning import DoctorCallback

    callback = DoctorCallback(stop_on="sick", quiet=True)
    trainer = fitted(lightning, examples, tmp_path, callback, sick=True, epochs=50)
    assert callback.stopped_by.id == "F38"
    assert trainer.global_step < 24
    assert capsys.readouterr().out == ""


def test_the_callback_serves_the_older_package_of_lightning_too(examples, tmp_path):
    older = pytest.importorskip("pytorch_lightning", reason=REASON)
    from moreish.doctor.lightning import DoctorCallback

    callback = DoctorCallback(quiet=True)
    fitted(older, examples, tmp_path, callback, sick=True)
    assert callback.doctor.findings[0].id == "F38"


# ---- Hugging Face ----


class Classifier(nn.Module):
    def __init__(self, sick):
        super().__init__()
        self.net = net(sick)

    def forward(self, x, labels):
        logits = self.net(x)
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}


@pytest.fixture
def transformers():
    pytest.importorskip("accelerate", reason=REASON)
    return pytest.importorskip("transformers", reason=REASON)


def trainer_of(library, model, rows, tmp_path, callback, **options):
    arguments = library.TrainingArguments(
        str(tmp_path), max_steps=24, per_device_train_batch_size=64, report_to=[], save_strategy="no", use_cpu=True,
        disable_tqdm=True, learning_rate=1e-2, **options,
    )  # fmt: skip
    return library.Trainer(model, arguments, train_dataset=rows, eval_dataset=rows, callbacks=[callback])


def rows_of(examples):
    return [{"x": x, "labels": y} for x, y in zip(*examples, strict=True)]


@pytest.mark.slow
def test_hugging_face_says_what_is_wrong_and_keeps_the_doctor(transformers, examples, tmp_path, capsys):
    from moreish.doctor.hugging_face import DoctorCallback

    callback = DoctorCallback()
    evaluations = {"eval_strategy": "steps", "eval_steps": 8}
    trainer_of(transformers, Classifier(sick=True), rows_of(examples), tmp_path, callback, **evaluations).train()
    assert (callback.doctor.findings[0].id, callback.doctor.findings[0].layer) == ("F38", "net.3")
    assert callback.doctor.to_dict()["steps"] == 24
    assert len(callback.doctor.history.validations) == 3
    assert "sick: F38 double-softmax." in capsys.readouterr().out


def test_hugging_face_is_asked_to_stop(transformers, examples, tmp_path):
    from moreish.doctor.hugging_face import DoctorCallback

    callback = DoctorCallback(stop_on="double-softmax", quiet=True)
    trainer = trainer_of(transformers, Classifier(sick=True), rows_of(examples), tmp_path, callback)
    trainer.train()
    assert callback.stopped_by.id == "F38"
    assert trainer.state.global_step < 24


@pytest.mark.slow
def test_a_small_language_model_of_transformers_is_left_in_peace(transformers, tmp_path, capsys):
    from moreish.doctor.hugging_face import DoctorCallback

    torch.manual_seed(0)
    options = {"vocab_size": 40, "n_positions": 16, "n_embd": 32, "n_layer": 2, "n_head": 2}
    model = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(bos_token_id=0, eos_token_id=0, pad_token_id=0, **options)
    )
    starts = torch.randint(0, 40, (256,))
    rows = [{"input_ids": (s + 3 * torch.arange(16)) % 40, "labels": (s + 3 * torch.arange(16)) % 40} for s in starts]
    callback = DoctorCallback()
    trainer_of(transformers, model, rows, tmp_path, callback).train()
    assert [f.id for f in callback.doctor.findings if f.severity != "info"] == []
    assert callback.doctor.to_dict()["steps"] == 24


def test_a_training_that_fails_can_be_closed(transformers, examples, tmp_path):
    from moreish.doctor.hugging_face import DoctorCallback

    model, callback = Classifier(sick=False), DoctorCallback(quiet=True)
    rows = rows_of(examples)[:100] + [{"x": torch.zeros(3), "labels": torch.tensor(0)}] * 100
    with pytest.raises(RuntimeError):
        trainer_of(transformers, model, rows, tmp_path, callback).train()
    callback.close()
    assert not any(m._forward_pre_hooks for m in model.modules())


# ---- where they are missing ----


@pytest.mark.parametrize(
    ("module", "library", "says"),
    [("lightning", "lightning", "needs Lightning"), ("hugging_face", "transformers", "needs transformers")],
)
def test_without_the_library_the_callback_says_what_to_install(monkeypatch, module, library, says):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.partition(".")[0] in (library, "pytorch_lightning"):
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, f"moreish.doctor.{module}", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=f"{says}: pip install {library}"):
        importlib.import_module(f"moreish.doctor.{module}")
